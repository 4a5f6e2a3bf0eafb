package rollout

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/yaml"
)

// kubeconfig is what is read of one: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1.
type kubeconfig struct {
	CurrentContext string `json:"current-context"`
	Contexts       []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Clusters []struct {
		Name    string
		Cluster server
	}
	Users []struct {
		Name string
		User user
	}
}

type server struct {
	Server        string
	Authority     string `json:"certificate-authority"`
	AuthorityData []byte `json:"certificate-authority-data"`
	ServerName    string `json:"tls-server-name"`
	Insecure      bool   `json:"insecure-skip-tls-verify"`
}

type user struct {
	Token           string
	TokenFile       string `json:"tokenFile"`
	Certificate     string `json:"client-certificate"`
	CertificateData []byte `json:"client-certificate-data"`
	Key             string `json:"client-key"`
	KeyData         []byte `json:"client-key-data"`
	// As is somebody else in whose name it is asked.
	As   string
	Exec *helper
}

// helper is a command that prints a token, such as kubelogin.
type helper struct {
	APIVersion string
	Command    string
	Args       []string
	Env        []struct{ Name, Value string }
}

// Connect reads who asks which server from a kubeconfig: the file, or else that of KUBECONFIG or of the home folder; in a pod
// where there is none, its service account. An empty context is the file's current one. It asks nothing yet.
func Connect(file, context string) (Cluster, error) {
	if file == "" {
		home, _ := os.UserHomeDir()
		file = cmp.Or(os.Getenv("KUBECONFIG"), filepath.Join(home, ".kube", "config"))
		if _, err := os.Stat(file); err != nil && os.Getenv("KUBERNETES_SERVICE_HOST") != "" {
			return inside(serviceAccount)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return Cluster{}, fmt.Errorf("no cluster is known: %w: name a --kubeconfig", err)
	}
	var config kubeconfig
	if err := yaml.Unmarshal(text, &config); err != nil {
		return Cluster{}, fmt.Errorf("%s: %w", file, err)
	}
	at, who, err := config.choose(context)
	if err == nil {
		at.Authority, who.TokenFile = beside(file, at.Authority), beside(file, who.TokenFile)
		who.Certificate, who.Key = beside(file, who.Certificate), beside(file, who.Key)
		var cluster Cluster
		if cluster, err = connect(at, who); err == nil {
			return cluster, nil
		}
	}
	return Cluster{}, fmt.Errorf("%s: %w", file, err)
}

// beside is a path as a kubeconfig means it: from its own folder.
func beside(file, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// choose finds the cluster and the user of a context.
func (k kubeconfig) choose(context string) (at server, who user, err error) {
	context = cmp.Or(context, k.CurrentContext)
	for _, each := range k.Contexts {
		if each.Name != context {
			continue
		}
		for _, cluster := range k.Clusters {
			if cluster.Name == each.Context.Cluster {
				at = cluster.Cluster
			}
		}
		for _, user := range k.Users {
			if user.Name == each.Context.User {
				who = user.User
			}
		}
		if at.Server == "" {
			return at, who, fmt.Errorf("context %q: there is no server of a cluster %q", context, each.Context.Cluster)
		}
		return at, who, nil
	}
	return at, who, fmt.Errorf("there is no context %q", context)
}

// serviceAccount is the folder in which a pod finds who it is.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// inside is the cluster that the pod runs in.
func inside(folder string) (Cluster, error) {
	host := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), cmp.Or(os.Getenv("KUBERNETES_SERVICE_PORT"), "443"))
	return connect(server{Server: "https://" + host, Authority: filepath.Join(folder, "ca.crt")}, user{TokenFile: filepath.Join(folder, "token")})
}

func connect(at server, who user) (Cluster, error) {
	address, err := url.Parse(at.Server)
	switch {
	case err != nil:
		return Cluster{}, err
	case address.Scheme != "https" || address.Host == "":
		return Cluster{}, fmt.Errorf("server is %q: it has to begin with https://", at.Server)
	case at.Insecure:
		return Cluster{}, errors.New("insecure-skip-tls-verify: whoever answers could say anything: name the certificate-authority")
	}
	config := &tls.Config{ServerName: at.ServerName}
	if authority, err := dataOr(at.AuthorityData, at.Authority); err != nil {
		return Cluster{}, err
	} else if authority != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(authority) {
			return Cluster{}, errors.New("certificate-authority: there is no certificate in it")
		}
	}
	if len(who.CertificateData) > 0 || who.Certificate != "" {
		certificate, failed := dataOr(who.CertificateData, who.Certificate)
		key, err := dataOr(who.KeyData, who.Key)
		if err := errors.Join(failed, err); err != nil {
			return Cluster{}, err
		}
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return Cluster{}, fmt.Errorf("client-certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, TLSHandshakeTimeout: answering, ForceAttemptHTTP2: true}
	return Cluster{&http.Client{Transport: &identified{user: who, next: transport}, Timeout: answering}, address}, nil
}

// dataOr is what a kubeconfig has in it, or what the file has that it names.
func dataOr(data []byte, file string) ([]byte, error) {
	if len(data) > 0 || file == "" {
		return data, nil
	}
	return os.ReadFile(file)
}

// identified says with each request who asks.
type identified struct {
	user
	next http.RoundTripper

	mutex   sync.Mutex
	printed credential
}

// RoundTrip sends a copy of the request.
func (i *identified) RoundTrip(request *http.Request) (*http.Response, error) {
	token, err := i.token()
	if err != nil {
		return nil, err
	}
	request = request.Clone(request.Context())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if i.As != "" {
		request.Header.Set("Impersonate-User", i.As)
	}
	return i.next.RoundTrip(request)
}

// token is the one that is good now: files of tokens are written anew, and helpers' run out.
func (i *identified) token() (string, error) {
	switch {
	case i.Token != "":
		return i.Token, nil
	case i.TokenFile != "":
		text, err := os.ReadFile(i.TokenFile)
		return strings.TrimSpace(string(text)), err
	case i.Exec == nil:
		return "", nil
	}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if ends := i.printed.Status.ExpirationTimestamp; i.printed.Status.Token != "" && (ends.IsZero() || time.Until(ends) > time.Minute) {
		return i.printed.Status.Token, nil
	}
	var err error
	i.printed, err = i.Exec.run()
	return i.printed.Status.Token, err
}

// credential is what helpers print.
type credential struct {
	Status struct {
		Token               string
		ExpirationTimestamp time.Time
	}
}

// run asks the helper for a token. It has to have one without asking a person.
func (h helper) run() (credential, error) {
	var printed credential
	var stdout, stderr bytes.Buffer
	command := exec.Command(h.Command, h.Args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Env = append(os.Environ(), fmt.Sprintf(`KUBERNETES_EXEC_INFO={"apiVersion":%q,"kind":"ExecCredential","spec":{"interactive":false}}`, h.APIVersion))
	for _, variable := range h.Env {
		command.Env = append(command.Env, variable.Name+"="+variable.Value)
	}
	if err := command.Run(); err != nil {
		return printed, fmt.Errorf("%s, which has to print a token: %w: %s", h.Command, err, words(stderr.String()))
	}
	if err := json.Unmarshal(stdout.Bytes(), &printed); err != nil || printed.Status.Token == "" {
		return printed, fmt.Errorf("%s printed no token: %w", h.Command, errors.Join(err, errors.New("want an ExecCredential with status.token")))
	}
	return printed, nil
}
