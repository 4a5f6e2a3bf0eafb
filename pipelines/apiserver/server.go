// Package apiserver asks a real Kubernetes API server what it thinks of manifests: it starts one on loopback, installs the
// definitions of custom resources, and applies everything else as a dry run, server-side.
//
// What it refuses no schema can know: immutable fields, rules in CEL, quantities, names, duplicate ports.
package apiserver

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"debug/buildinfo"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// Programs are the two that a server consists of: names in the PATH, or files.
type Programs struct{ Etcd, APIServer string }

// Server is a running API server, and the etcd that it keeps things in. Whatever is in it goes when it stops.
type Server struct {
	client    *client
	folder    string
	processes []*process
	// args are kube-apiserver's.
	args []string
}

// passive are the admission plug-ins that want what is not there: controllers that make accounts, count quotas, bind and
// release volumes, and the webhooks of third parties.
var passive = []string{
	"MutatingAdmissionWebhook", "PersistentVolumeClaimResize", "ResourceQuota", "ServiceAccount",
	"StorageObjectInUseProtection", "ValidatingAdmissionWebhook",
}

// Start starts a server, and returns once it is ready. Nothing but this machine can reach it. The error of one that is not
// ready within the limit, or dies before, has the last lines of what it logged.
func Start(ctx context.Context, programs Programs, limit time.Duration) (*Server, error) {
	folder, err := os.MkdirTemp("", "apiserver")
	if err != nil {
		return nil, err
	}
	server := &Server{folder: folder}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not ready within %s", limit))
	defer cancel()
	if err := server.start(ctx, programs); err != nil {
		server.Stop()
		return nil, err
	}
	return server, nil
}

func (s *Server) start(ctx context.Context, programs Programs) error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	secrets, err := writeSecrets(s.folder)
	if err != nil {
		return err
	}
	store := "http://" + ports[0]
	host, port, err := net.SplitHostPort(ports[1])
	if err != nil {
		return err
	}
	if err := s.run("etcd", programs.Etcd,
		"--data-dir="+filepath.Join(s.folder, "etcd"), "--unsafe-no-fsync", "--listen-peer-urls=http://127.0.0.1:0",
		"--listen-client-urls="+store, "--advertise-client-urls="+store); err != nil {
		return err
	}
	s.args = []string{
		"--etcd-servers=" + store, "--bind-address=" + host, "--advertise-address=" + host, "--secure-port=" + port,
		"--endpoint-reconciler-type=none", "--cert-dir=" + s.folder, "--token-auth-file=" + secrets.tokens,
		"--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/16", "--service-account-issuer=https://" + ports[1],
		"--service-account-key-file=" + secrets.key, "--service-account-signing-key-file=" + secrets.key,
		"--disable-admission-plugins=" + strings.Join(passive, ","),
	}
	s.client = newClient("https://"+ports[1], secrets.token)
	if err := s.run("kube-apiserver", programs.APIServer, s.args...); err != nil {
		return err
	}
	return s.ready(ctx, s.certificate())
}

// certificate is the file of the one that the API server makes for itself.
func (s *Server) certificate() string { return filepath.Join(s.folder, "apiserver.crt") }

// Restart ends the API server without a word, stays away for a while, and starts it again at the same address. What it keeps,
// it keeps.
func (s *Server) Restart(ctx context.Context, away time.Duration) error {
	last := len(s.processes) - 1
	program := s.processes[last].command.Path
	s.processes[last].stop()
	s.processes = s.processes[:last]
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(away):
	}
	if err := s.run("kube-apiserver", program, s.args...); err != nil {
		return err
	}
	return s.ready(ctx, s.certificate())
}

// Kubeconfig is how others reach the server, as its administrator.
func (s *Server) Kubeconfig() ([]byte, error) {
	certificate, err := os.ReadFile(s.certificate())
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "trial",
		"contexts": []any{map[string]any{"name": "trial", "context": map[string]any{"cluster": "trial", "user": "administrator"}}},
		"clusters": []any{map[string]any{"name": "trial", "cluster": map[string]any{"server": s.client.address, "certificate-authority-data": certificate}}},
		"users":    []any{map[string]any{"name": "administrator", "user": map[string]any{"token": s.client.token}}},
	})
}

// run starts one of the server's programs.
func (s *Server) run(name, file string, args ...string) error {
	started, err := startProcess(name, filepath.Join(s.folder, name+".log"), file, args...)
	if err == nil {
		s.processes = append(s.processes, started)
	}
	return err
}

// ready waits until the server says that it is. It makes its certificate itself, when it starts.
func (s *Server) ready(ctx context.Context, certificate string) error {
	for {
		trusted := s.client.trust(certificate)
		if trusted == nil && s.client.ready(ctx) {
			return nil
		}
		if err := s.alive(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("kube-apiserver: %w\n%s", context.Cause(ctx), s.processes[len(s.processes)-1].tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// alive is an error, with the end of its log, if one of the programs has ended.
func (s *Server) alive() error {
	for _, running := range s.processes {
		if err := running.alive(); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends the server and removes what it kept.
func (s *Server) Stop() error {
	for _, running := range s.processes {
		running.stop()
	}
	return os.RemoveAll(s.folder)
}

// Version is that of Kubernetes' module in a kube-apiserver, such as v1.36.3.
func (p Programs) Version() (string, error) {
	file, err := exec.LookPath(p.APIServer)
	if err != nil {
		return "", err
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	for _, module := range info.Deps {
		if module.Path == "k8s.io/kubernetes" {
			return module.Version, nil
		}
	}
	return info.Main.Version, nil
}

// secrets are what a server proves itself by, and what its only user proves himself by.
type secrets struct{ key, tokens, token string }

func writeSecrets(folder string) (secrets, error) {
	made := secrets{filepath.Join(folder, "service-accounts.key"), filepath.Join(folder, "tokens.csv"), rand.Text()}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return made, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return made, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return made, errors.Join(
		os.WriteFile(made.key, text, 0o600),
		os.WriteFile(made.tokens, []byte(made.token+",esteira,esteira,system:masters\n"), 0o600))
}

// freePorts are addresses on loopback that nobody listens on.
func freePorts(count int) ([]string, error) {
	var addresses []string
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses, nil
}
