package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asCommand is set where the test's binary is to be the command itself: in a process of its own, whose certificates and
// environment are its own, too.
const asCommand = "ESTEIRA_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// azureTenant is the tenant of the double's identity.
const azureTenant = "11111111-1111-1111-1111-111111111111"

// azureDouble is a server of GitHub's issuer, Entra and a registry that answers over TLS, and the environment of a job that finds
// it. What the routes answer is the registry's to give.
func azureDouble(t *testing.T, routes map[string]http.HandlerFunc) (url string, job []string) {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch route := routes[r.URL.Path]; {
		case route != nil:
			route(w, r)
		case r.URL.Path == "/github":
			fmt.Fprint(w, `{"value":"planted-job-token"}`)
		case r.URL.Path == "/"+azureTenant+"/v2.0/.well-known/openid-configuration":
			fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q}`, server.URL, server.URL+"/authorize", server.URL+"/"+azureTenant+"/token")
		case r.URL.Path == "/"+azureTenant+"/token":
			if r.PostFormValue("client_assertion") != "planted-job-token" {
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS50027: planted-other"}`)
				return
			}
			fmt.Fprint(w, `{"access_token":"planted-entra","token_type":"Bearer","expires_in":3600}`)
		default:
			t.Errorf("unexpected %s", r.URL)
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(authority, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL, []string{"SSL_CERT_FILE=" + authority, "AZURE_TENANT_ID=" + azureTenant, "AZURE_CLIENT_ID=iris", "AZURE_AUTHORITY_HOST=" + server.URL,
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + server.URL + "/github?", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=planted-request"}
}

// asProcess runs the command in a process of its own, and returns its exit code and all that it prints.
func asProcess(t *testing.T, environment []string, args ...string) (code int, output string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], args...)
	command.Env = append([]string{asCommand + "=1", "PATH=" + os.Getenv("PATH")}, environment...)
	text, _ := command.CombinedOutput()
	return command.ProcessState.ExitCode(), string(text)
}

// A job logs in to a registry without a secret that lasts; what it gets stands in the file, and nowhere else.
func TestAzureLogin(t *testing.T) {
	t.Parallel()
	url, job := azureDouble(t, map[string]http.HandlerFunc{
		"/oauth2/exchange": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"refresh_token":"planted-refresh"}`) },
		"/oauth2/token": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"access_token":"planted for %s"}`, r.PostFormValue("scope"))
		},
	})
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("planted-other"), 0o600); err != nil {
		t.Fatal(err)
	}
	registry := strings.TrimPrefix(url, "https://")
	file := filepath.Join(dir, "docker", "config.json")
	for _, test := range []struct {
		name        string
		environment []string
		args        []string
		code        int
		want        string
	}{
		{"well", job, []string{"--registry", registry, "--repository", "iris", "--output", file}, 0, "wrote a token for " + registry},
		{"a file that is there", job, []string{"--registry", registry, "--output", file}, 1, "is there already"},
		{"another token", job, []string{"--registry", registry, "--output", file + "2", "--token-file", other}, 1, "AADSTS50027"},
		{"no permission", job[:4], []string{"--registry", registry, "--output", file + "2"}, 1, "write `id-token: write`"},
		{"no tenant", job[:1], []string{"--registry", registry, "--output", file + "2"}, 1, "AZURE_TENANT_ID"},
		{"no registry", job, []string{"--output", file + "2"}, 2, "name the --registry"},
	} {
		code, output := asProcess(t, test.environment, append([]string{"azure", "login"}, test.args...)...)
		if code != test.code || !strings.Contains(output, test.want) || strings.Contains(output, "planted") {
			t.Errorf("%s: exit code %d, %s, want %d, …%s…", test.name, code, output, test.code, test.want)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil || compact.String() != `{"auths":{"`+registry+`":{"registrytoken":"planted for repository:iris:pull,push"}}}` {
		t.Errorf("%s, %v", text, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := os.Stat(file + "2"); err == nil {
		t.Error("a file was left where nothing was given")
	}
}
