package tests

import (
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/bcrypt"
)

// team is the user that registries know.
const team = "team"

// registry is a real one, the CNCF's distribution: it asks for a password and keeps its images in a folder.
type registry struct {
	server   *httptest.Server
	root     string
	password string
}

func startRegistry(t *testing.T) *registry {
	t.Helper()
	known := password()
	hash, err := bcrypt.GenerateFromPassword([]byte(known), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	logrus.SetOutput(io.Discard)
	root := t.TempDir()
	config := &configuration.Configuration{
		Storage: configuration.Storage{"filesystem": {"rootdirectory": root}},
		Auth: configuration.Auth{"htpasswd": {
			"realm": "registry",
			"path":  write(t, filepath.Join(t.TempDir(), "htpasswd"), team+":"+string(hash)),
		}},
	}
	config.HTTP.Secret = rand.Text()
	server := httptest.NewServer(handlers.NewApp(t.Context(), config))
	t.Cleanup(server.Close)
	return &registry{server, root, known}
}

// host is what the containers of a call know the registry as, once --registry hands it in.
func (r *registry) host() string { return "registry:" + r.port() }

func (r *registry) port() string {
	address, err := url.Parse(r.server.URL)
	if err != nil {
		panic(err)
	}
	return address.Port()
}

func (r *registry) service() string { return "--registry=tcp://127.0.0.1:" + r.port() }

// login are the flags with which a call reaches the registry, with a password.
func (r *registry) login(t *testing.T, password string) []string {
	t.Helper()
	return []string{r.service(), "--username=" + team, "--password=" + secret(t, password)}
}

// secret is how a flag names a secret with a text.
func secret(t *testing.T, text string) string {
	t.Helper()
	return "file:" + write(t, filepath.Join(t.TempDir(), "secret"), text)
}

// tree is what the registry stores: each file with its size and time.
func (r *registry) tree(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(r.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files[strings.TrimPrefix(path, r.root)] = fmt.Sprint(info.Size(), " bytes of ", info.ModTime())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// isEmpty fails the test if anything was pushed, were it only a layer.
func (r *registry) isEmpty(t *testing.T) {
	t.Helper()
	for file := range r.tree(t) {
		t.Errorf("the registry has %s", file)
	}
}

// serve answers HTTP on an address that containers reach, and returns its URL.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(ownAddress(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: answer}}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// ownAddress is this machine's end of the link to the engine: containers reach it, and no other machine does. Nothing is
// sent to find it.
func ownAddress(t *testing.T) string {
	t.Helper()
	registry, embedded := os.LookupEnv("ESTEIRA_REGISTRY")
	if !embedded {
		return bridgeAddress(t)
	}
	connection, err := net.Dial("udp4", registry)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	return connection.LocalAddr().(*net.UDPAddr).IP.String()
}

// bridgeAddress is that end where Docker runs the engine.
func bridgeAddress(t *testing.T) string {
	t.Helper()
	const name = "docker0"
	bridge, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	addresses, err := bridge.Addrs()
	if err != nil || len(addresses) == 0 {
		t.Fatalf("%s has no address: %v", name, err)
	}
	return addresses[0].(*net.IPNet).IP.String()
}
