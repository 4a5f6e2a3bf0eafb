package rollout

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// echo is a server that says who asks, and its certificate in PEM.
func echo(t *testing.T) (address string, certificate []byte) {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"asked": %q, "as": %q}`, r.Header.Get("Authorization"), r.Header.Get("Impersonate-User"))
	}))
	t.Cleanup(server.Close)
	return server.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

// config is a kubeconfig with one user.
func config(server, authority, user string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: this, user: me}}, {name: lost, context: {cluster: gone, user: me}}]
clusters: [{name: this, cluster: {server: %q, %s}}]
users: [{name: me, user: {%s}}]
`, server, authority, user)
}

func TestConnect(t *testing.T) {
	t.Parallel()
	address, certificate := echo(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.pem"), string(certificate))
	write(t, filepath.Join(dir, "token"), " from-a-file\n")
	prints := write(t, filepath.Join(dir, "prints"), `#!/bin/sh
echo x >> "$COUNT"
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"of-'$1'","expirationTimestamp":"'$UNTIL'"}}'
`)
	counted := filepath.Join(dir, "count")
	fails := write(t, filepath.Join(dir, "fails"), "#!/bin/sh\necho nobody is logged in >&2; exit 3\n")
	silent := write(t, filepath.Join(dir, "silent"), "#!/bin/sh\necho '{}'\n")
	known := "certificate-authority-data: " + base64.StdEncoding.EncodeToString(certificate)
	helper := func(command, until string) string {
		return fmt.Sprintf(`exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, args: [me], env: [{name: COUNT, value: %q}, {name: UNTIL, value: %q}]}`, command, counted, until)
	}
	for _, test := range []struct{ name, server, authority, user, context, want, fails string }{
		{"a token", address, known, "token: secret", "", "Bearer secret as ", ""},
		{"a file beside it", address, "certificate-authority: ca.pem", "tokenFile: token", "", "Bearer from-a-file as ", ""},
		{"somebody else", address, known, "token: secret, as: eve", "here", "Bearer secret as eve", ""},
		{"nobody", address, known, "", "", " as ", ""},
		{"a helper", address, known, helper(prints, "2099-01-01T00:00:00Z"), "", "Bearer of-me as ", ""},
		{"a helper that fails", address, known, helper(fails, ""), "", "", "exit status 3: nobody is logged in"},
		{"a helper that says nothing", address, known, helper(silent, ""), "", "", "printed no token"},
		{"a certificate of somebody else", address, known + ", tls-server-name: elsewhere.test", "", "", "", "not elsewhere.test"},
		{"no such file", address, "certificate-authority: gone.pem", "", "", "", "gone.pem"},
		{"no certificate in it", address, "certificate-authority: token", "", "", "", "there is no certificate in it"},
		{"no client certificate", address, known, "client-certificate: token, client-key: token", "", "", "client-certificate"},
		{"no check", address, "insecure-skip-tls-verify: true", "", "", "", "whoever answers could say anything"},
		{"no TLS", "http://127.0.0.1", known, "", "", "", "it has to begin with https://"},
		{"no such context", address, known, "", "gone", "", `there is no context "gone"`},
		{"no such cluster", address, known, "", "lost", "", `no server of a cluster "gone"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := write(t, filepath.Join(dir, strings.ReplaceAll(test.name, " ", "-")+".yaml"), config(test.server, test.authority, test.user))
			cluster, err := Connect(file, test.context)
			var said struct{ Asked, As string }
			for range 2 {
				if err == nil {
					err = cluster.get(t.Context(), &said, "version")
				}
			}
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v, want %q in it", err, test.fails)
				}
				return
			}
			if got := said.Asked + " as " + said.As; err != nil || got != test.want {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
		})
	}
	if text, err := os.ReadFile(counted); err != nil || strings.Count(string(text), "x") != 1 {
		t.Errorf("a helper whose token is good was asked again: %q, %v", text, err)
	}
}

// A pod asks by its service account. (Not parallel: it sets the environment.)
func TestInside(t *testing.T) {
	address, certificate := echo(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.crt"), string(certificate))
	write(t, filepath.Join(dir, "token"), "first")
	host, port, err := net.SplitHostPort(strings.TrimPrefix(address, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", host)
	t.Setenv("KUBERNETES_SERVICE_PORT", port)
	cluster, err := inside(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"first", "written anew"} {
		write(t, filepath.Join(dir, "token"), token)
		var said struct{ Asked string }
		if err := cluster.get(t.Context(), &said, "version"); err != nil || said.Asked != "Bearer "+token {
			t.Errorf("%+v, %v", said, err)
		}
	}
	t.Setenv("HOME", dir)
	t.Setenv("KUBECONFIG", "")
	if _, err := Connect("", ""); err == nil || !strings.Contains(err.Error(), serviceAccount) {
		t.Errorf("error %v: want the service account's own folder", err)
	}
}
