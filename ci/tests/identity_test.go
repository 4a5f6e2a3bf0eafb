package tests

import (
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/azure"
)

// The tenant and the client whose workload may write, and what it proves to be itself with.
const (
	tenant    = "72f988bf-86f1-41af-91ab-2d7cd011db47"
	client    = "0a5c1f2e-6c1b-4e0f-9d5e-0f5a3c1d2e3f"
	assertion = "eyJhbGciOiJub25lIn0.the-platforms-token.x"
)

// entra is a server over HTTPS with both halves of a workload's way: one that changes its platform's token into one for
// storage, as Entra does (OAuth 2.0, RFC 7523), and a container of a real Azurite that takes that token. Azurite itself
// takes tokens over HTTPS only, and signatures here: what arrives with the right token goes on with a signature.
type entra struct {
	*httptest.Server
	issued string
	asked  int
}

func newEntra(t *testing.T, b *blobs) *entra {
	t.Helper()
	e := &entra{issued: rand.Text()}
	target, err := url.Parse("http://" + b.address)
	if err != nil {
		t.Fatal(err)
	}
	signature := b.sas(t, createAndRead)
	store := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Del("Authorization")
		r.Out.URL.RawQuery = signature
	}}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /"+tenant+"/v2.0/.well-known/openid-configuration", e.describe)
	routes.HandleFunc("POST /"+tenant+"/oauth2/v2.0/token", e.exchange)
	routes.HandleFunc("/"+azure.EmulatorAccount+"/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+e.issued {
			w.Header().Set("x-ms-error-code", "AuthenticationFailed")
			w.WriteHeader(http.StatusForbidden)
			return
		}
		store.ServeHTTP(w, r)
	})
	e.Server = httptest.NewTLSServer(routes)
	t.Cleanup(e.Close)
	return e
}

func (e *entra) describe(w http.ResponseWriter, _ *http.Request) {
	authority := e.URL + "/" + tenant
	fmt.Fprintf(w, `{"issuer": "%[1]s/v2.0", "authorization_endpoint": "%[1]s/oauth2/v2.0/authorize", "token_endpoint": "%[1]s/oauth2/v2.0/token"}`, authority)
}

func (e *entra) exchange(w http.ResponseWriter, r *http.Request) {
	e.asked++
	want := url.Values{
		"client_id": {client}, "client_assertion": {assertion}, "grant_type": {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
	for name := range want {
		if r.FormValue(name) != want.Get(name) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error": "invalid_client", "error_description": "AADSTS700213: no federated identity record has this %s"}`, name)
			return
		}
	}
	if !strings.HasPrefix(r.FormValue("scope"), "https://storage.azure.com/.default") {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error": "invalid_scope", "error_description": "AADSTS70011: the scope is %q"}`, r.FormValue("scope"))
		return
	}
	fmt.Fprintf(w, `{"token_type": "Bearer", "expires_in": 3600, "access_token": %q}`, e.issued)
}

// environment is what a workload finds in its environment: its platform's token is in a file.
func (e *entra) environment(t *testing.T, token string) []string {
	t.Helper()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate().Raw})
	return []string{
		"AZURE_TENANT_ID=" + tenant, "AZURE_CLIENT_ID=" + client, "AZURE_AUTHORITY_HOST=" + e.URL + "/",
		"AZURE_FEDERATED_TOKEN_FILE=" + write(t, filepath.Join(t.TempDir(), "token"), token),
		"SSL_CERT_FILE=" + write(t, filepath.Join(t.TempDir(), "ca.pem"), string(certificate)),
	}
}

// A workload uploads with no secret but its platform's token, which is changed for one of storage's. Neither is printed.
func TestBlobByWorkloadIdentity(t *testing.T) {
	t.Parallel()
	b := newBlobs(t, server(t, "azurite"))
	e := newEntra(t, b)
	file, blob, text := newModel(t, 1<<20)
	container := fmt.Sprintf("%s/%s/%s", e.URL, azure.EmulatorAccount, b.name)
	asks := func(token string) outcome {
		said := esteira(t.Context(), t, e.environment(t, token), "blob", "upload", "--idle=2s", "--container="+container, file)
		for _, secret := range []string{token, e.issued} {
			if strings.Contains(said.stdout+said.stderr, secret) {
				t.Errorf("%s printed a token:\n%s%s", said, said.stdout, said.stderr)
			}
		}
		return said
	}

	asks("a-strangers-token").fails(t, "cannot be read", "no token for the workload's identity", "AADSTS700213", "client_assertion")
	if found := b.list(t); len(found) != 0 {
		t.Errorf("%v was uploaded", found)
	}
	for _, created := range []bool{true, false} {
		var stored []azure.Blob
		if err := json.Unmarshal([]byte(asks(assertion).passes(t)), &stored); err != nil {
			t.Fatal(err)
		}
		if len(stored) != 1 || stored[0].Name != blob || stored[0].Created != created {
			t.Errorf("it says %+v, want %s, created: %t", stored, blob, created)
		}
	}
	if b.content(t, blob) != text {
		t.Error("the blob is not the file")
	}
	if e.asked < 3 {
		t.Errorf("a token was asked for %d times: this test proves nothing", e.asked)
	}
}

// An authority that never answers is given up in our time.
func TestBlobAuthoritySilent(t *testing.T) {
	t.Parallel()
	b := newBlobs(t, server(t, "azurite"))
	e := newEntra(t, b)
	file, _, _ := newModel(t, 1000)
	env := append(e.environment(t, assertion), "AZURE_AUTHORITY_HOST=https://"+mute(t)+"/")
	container := fmt.Sprintf("%s/%s/%s", e.URL, azure.EmulatorAccount, b.name)
	esteira(t.Context(), t, env, "blob", "upload", "--idle=1s", "--timeout=20s", "--container="+container, file).
		fails(t, "cannot be read", "no token for the workload's identity")
	if found := b.list(t); len(found) != 0 {
		t.Errorf("%v was uploaded", found)
	}
}
