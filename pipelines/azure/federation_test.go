package azure

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// What must never be shown.
const (
	requestToken = "planted-request-token"
	entraToken   = "planted-entra-token"
	refreshToken = "planted-refresh-token"
)

// Whom the double of Entra trusts.
const (
	issuer  = "https://token.actions.githubusercontent.com"
	subject = "repo:team/iris:environment:production"
	tenant  = "11111111-1111-1111-1111-111111111111"
	appID   = "22222222-2222-2222-2222-222222222222"
)

// azureDouble speaks what GitHub's issuer, Entra, a registry and Blob Storage speak, over TLS, on one address.
type azureDouble struct {
	*httptest.Server
	t   *testing.T
	key *rsa.PrivateKey
	// claims are what GitHub's token says, beside what is asked for.
	claims jwt.MapClaims
	// granted is what the registry permits.
	granted []string
	// override answers a path in the double's place.
	override map[string]http.HandlerFunc
	access   string // the registry's last token
	// refresh is what the registry gives for Entra's token: a JWT, because clients look when it expires.
	refresh string
	blobs   map[string]string
	asked   []string
}

func newAzure(t *testing.T) *azureDouble {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a := &azureDouble{t: t, key: key, granted: []string{"pull", "push"}, blobs: map[string]string{}, claims: jwt.MapClaims{
		"iss": issuer, "sub": subject, "exp": time.Now().Add(5 * time.Minute).Unix(), "nbf": time.Now().Add(-time.Minute).Unix(),
	}}
	a.refresh = a.signed(jwt.MapClaims{"jti": refreshToken, "exp": time.Now().Add(3 * time.Hour).Unix()})
	a.Server = httptest.NewTLSServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *azureDouble) host() string { return strings.TrimPrefix(a.URL, "https://") }

// getenv is what a job of GitHub has.
func (a *azureDouble) getenv(name string) string {
	return map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": a.URL + "/github?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": requestToken}[name]
}

func (a *azureDouble) federation() Federation {
	return Federation{Tenant: tenant, Client: appID, Assertion: GitHubToken(a.getenv, a.Client()), Authority: a.URL, Transport: a.Client()}
}

func (a *azureDouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked = append(a.asked, r.Method+" "+r.URL.Path)
	if answer := a.override[r.URL.Path]; answer != nil {
		answer(w, r)
		return
	}
	switch {
	case r.URL.Path == "/github":
		a.github(w, r)
	case r.URL.Path == "/"+tenant+"/v2.0/.well-known/openid-configuration":
		a.answer(w, 200, map[string]any{"issuer": a.URL, "authorization_endpoint": a.URL + "/authorize", "token_endpoint": a.URL + "/" + tenant + "/oauth2/v2.0/token"})
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		a.answer(w, 400, map[string]any{"error": "invalid_tenant", "error_description": "AADSTS90002: Tenant not found. Check to make sure you have the correct tenant ID."})
	case r.URL.Path == "/"+tenant+"/oauth2/v2.0/token":
		a.entra(w, r)
	case strings.HasPrefix(r.URL.Path, "/oauth2/"):
		a.registry(w, r)
	case strings.HasPrefix(r.URL.Path, "/v2/"):
		a.images(w, r)
	default:
		a.blob(w, r)
	}
}

func (a *azureDouble) answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		a.t.Error(err)
	}
}

func (a *azureDouble) signed(claims jwt.Claims) string {
	text, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(a.key)
	if err != nil {
		a.t.Error(err)
	}
	return text
}

func (a *azureDouble) github(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+requestToken {
		a.answer(w, 401, map[string]any{"message": "no"})
		return
	}
	claims := jwt.MapClaims{"aud": r.URL.Query().Get("audience")}
	for name, value := range a.claims {
		claims[name] = value
	}
	a.answer(w, 200, map[string]any{"value": a.signed(claims)})
}

// entra checks the token as Entra does, and refuses in its words. Like a careless server it repeats what it was sent.
func (a *azureDouble) entra(w http.ResponseWriter, r *http.Request) {
	assertion := r.PostFormValue("client_assertion")
	refuse := func(code, text string) {
		a.answer(w, 401, map[string]any{"error": "invalid_client", "error_description": code + ": " + text + " " + assertion + " Trace ID: 1"})
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(assertion, &claims, func(*jwt.Token) (any, error) { return a.key.Public(), nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) || errors.Is(err, jwt.ErrTokenNotValidYet):
		refuse("AADSTS700024", "Client assertion is not within its valid time range.")
	case err != nil:
		refuse("AADSTS50027", "JWT token is invalid or malformed.")
	case fmt.Sprint(claims.Audience) != "["+ExchangeAudience+"]":
		refuse("AADSTS700212", "No matching federated identity record found for presented assertion audience.")
	case claims.Issuer != issuer:
		refuse("AADSTS700211", "No matching federated identity record found for presented assertion issuer.")
	case claims.Subject != subject:
		refuse("AADSTS700213", "No matching federated identity record found for presented assertion subject.")
	case r.PostFormValue("client_id") != appID:
		refuse("AADSTS700016", "Application was not found in the directory.")
	default:
		a.answer(w, 200, map[string]any{"access_token": entraToken + " " + r.PostFormValue("scope"), "token_type": "Bearer", "expires_in": 3600})
	}
}

func (a *azureDouble) registry(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("access_token")
	switch {
	case r.PostFormValue("service") != a.host():
		a.answer(w, 400, map[string]any{"errors": []any{}})
	case r.URL.Path == "/oauth2/exchange" && strings.HasPrefix(token, entraToken) && strings.Contains(token, RegistryAudience+"/.default"):
		a.answer(w, 200, map[string]any{"refresh_token": a.refresh})
	case r.URL.Path == "/oauth2/token" && r.PostFormValue("refresh_token") == a.refresh:
		scope := strings.Split(r.PostFormValue("scope"), ":")
		a.access = a.signed(jwt.MapClaims{"access": []any{map[string]any{"type": "repository", "name": scope[1], "actions": a.granted}}})
		a.answer(w, 200, map[string]any{"access_token": a.access})
	default:
		a.answer(w, 401, map[string]any{"errors": []any{map[string]any{"code": "UNAUTHORIZED", "message": "no " + token}}})
	}
}

// images is a registry with one manifest.
func (a *azureDouble) images(w http.ResponseWriter, r *http.Request) {
	if a.access == "" || r.Header.Get("Authorization") != "Bearer "+a.access {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/oauth2/token",service="%s"`, a.URL, a.host()))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Docker-Content-Digest", fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("{}"))))
	w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
	w.Header().Set("Content-Length", "2")
	if r.Method == http.MethodGet {
		fmt.Fprint(w, "{}")
	}
}

func (a *azureDouble) blob(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	content, there := a.blobs[r.URL.Path]
	switch {
	case !strings.HasPrefix(token, entraToken) || !strings.Contains(token, "https://storage.azure.com/.default"):
		w.Header().Set("X-Ms-Error-Code", "AuthenticationFailed")
		w.WriteHeader(http.StatusForbidden)
	case r.Method == http.MethodPut:
		text, _ := io.ReadAll(r.Body)
		a.blobs[r.URL.Path] = string(text)
		w.WriteHeader(http.StatusCreated)
	case !there:
		w.Header().Set("X-Ms-Error-Code", "BlobNotFound")
		w.WriteHeader(http.StatusNotFound)
	default:
		fmt.Fprint(w, content)
	}
}

// login gets a token for a repository, with the double's answers.
func (a *azureDouble) login(f Federation, repository string) (DockerConfig, error) {
	identity, err := f.Credential()
	if err != nil {
		return DockerConfig{}, err
	}
	return Registry{Host: a.host(), Transport: a.Client()}.Login(context.Background(), identity, repository, []string{"pull", "push"})
}

// A job's token becomes one that crane reads an image with; and one for the whole registry.
func TestLoginToARegistry(t *testing.T) {
	a := newAzure(t)
	docker, err := a.login(a.federation(), "iris/gateway")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(docker)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_CONFIG", dir)
	image, err := name.ParseReference(a.host() + "/iris/gateway:v1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Head(image, remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithTransport(a.Client().Transport)); err != nil {
		t.Errorf("crane's library does not get in: %v", err)
	}
	if whole, err := a.login(a.federation(), ""); err != nil || whole.Auths[a.host()].IdentityToken != a.refresh || whole.Auths[a.host()].RegistryToken != "" {
		t.Errorf("%v, %v", whole, err)
	}
}

// A job's token becomes one with which files are put into the store.
func TestPutByFederation(t *testing.T) {
	t.Parallel()
	a := newAzure(t)
	file := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(file, []byte("model"), 0o600); err != nil {
		t.Fatal(err)
	}
	put := func(f Federation) (Blob, error) {
		identity, err := f.Credential()
		if err != nil {
			return Blob{}, err
		}
		store, err := Open(a.URL+"/models", Access{Identity: identity, Transport: a.Client(), Idle: 5 * time.Second})
		if err != nil {
			return Blob{}, err
		}
		return store.Put(t.Context(), "model.onnx", file)
	}
	for _, created := range []bool{true, false} {
		if blob, err := put(a.federation()); err != nil || blob.Created != created {
			t.Errorf("%+v, %v", blob, err)
		}
	}
	a.claims["exp"] = time.Now().Add(-time.Hour).Unix()
	if _, err := put(a.federation()); err == nil || !strings.Contains(err.Error(), "it expired, or a clock is wrong") || strings.Contains(err.Error(), "eyJ") {
		t.Errorf("error %v", err)
	}
}

// What is refused says what to do, and shows none of the tokens.
func TestLoginRefused(t *testing.T) {
	t.Parallel()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, requestToken, entraToken, refreshToken)
		}
	}
	empty := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{}`) }
	for _, test := range []struct {
		name   string
		change func(*azureDouble, *Federation)
		want   string
	}{
		{"expired", func(a *azureDouble, _ *Federation) { a.claims["exp"] = time.Now().Add(-time.Hour).Unix() }, "AADSTS700024): the token is not valid at this time: it expired"},
		{"not yet valid", func(a *azureDouble, _ *Federation) { a.claims["nbf"] = time.Now().Add(time.Hour).Unix() }, "a clock is wrong"},
		{"wrong audience", func(a *azureDouble, _ *Federation) { a.claims["aud"] = "https://github.com/team" },
			`ask for one for api://AzureADTokenExchange (issuer "` + issuer + `", subject "` + subject + `", audience "https://github.com/team")`},
		{"wrong issuer", func(a *azureDouble, _ *Federation) { a.claims["iss"] = "https://elsewhere.example" }, "nobody trusts the token's issuer"},
		{"wrong subject", func(a *azureDouble, _ *Federation) { a.claims["sub"] = "repo:team/iris:pull_request" },
			`nobody trusts the token's subject: add a federated credential for that subject (issuer "` + issuer + `", subject "repo:team/iris:pull_request"`},
		{"no JWT", func(_ *azureDouble, f *Federation) {
			f.Assertion = func(context.Context) (string, error) { return "planted-assertion", nil }
		}, "(it is no JWT)"},
		{"wrong client", func(_ *azureDouble, f *Federation) { f.Client = tenant }, "mend AZURE_CLIENT_ID"},
		{"wrong tenant", func(_ *azureDouble, f *Federation) { f.Tenant = appID }, "(AADSTS90002): there is no such tenant: mend AZURE_TENANT_ID"},
		{"no client", func(_ *azureDouble, f *Federation) { f.Client = "" }, "set AZURE_TENANT_ID and AZURE_CLIENT_ID"},
		{"http", func(_ *azureDouble, f *Federation) { f.Authority = "http://entra.example" }, "authority"},
		{"no token of GitHub's", func(a *azureDouble, f *Federation) {
			f.Assertion = GitHubToken(func(string) string { return "" }, a.Client())
		}, "ACTIONS_ID_TOKEN_REQUEST_URL is not set, so GitHub gives the job no token: write `id-token: write`"},
		{"GitHub refuses", func(a *azureDouble, _ *Federation) { a.override = map[string]http.HandlerFunc{"/github": status(403)} }, "GitHub gives the job no token (403)"},
		{"GitHub gives an empty one", func(a *azureDouble, _ *Federation) { a.override = map[string]http.HandlerFunc{"/github": empty} }, "an empty token"},
		{"GitHub is down", func(a *azureDouble, _ *Federation) {
			a.override = map[string]http.HandlerFunc{"/github": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}
		}, "GitHub gives the job no token"},
		{"no file", func(_ *azureDouble, f *Federation) { f.Assertion = FileToken("missing") }, "the token's file cannot be read"},
		{"an empty file", func(_ *azureDouble, f *Federation) { f.Assertion = FileToken(os.DevNull) }, "is empty"},
		{"Entra is something else", func(a *azureDouble, _ *Federation) {
			a.override = map[string]http.HandlerFunc{"/" + tenant + "/oauth2/v2.0/token": status(418)}
		}, "Entra answered 418 without a reason"},
		{"the registry refuses", func(a *azureDouble, _ *Federation) {
			a.override = map[string]http.HandlerFunc{"/oauth2/exchange": status(401)}
		},
			"refuses the identity (401): give it the role AcrPush"},
		{"the registry refuses the repository", func(a *azureDouble, _ *Federation) {
			a.override = map[string]http.HandlerFunc{"/oauth2/token": status(403)}
		},
			"refuses the identity (403)"},
		{"the registry is another", func(a *azureDouble, _ *Federation) {
			a.override = map[string]http.HandlerFunc{"/oauth2/exchange": status(404)}
		},
			"answered 404: look whether that is a registry of Azure"},
		{"the registry gives nothing", func(a *azureDouble, _ *Federation) {
			a.override = map[string]http.HandlerFunc{"/oauth2/exchange": empty}
		}, "gives an empty token"},
		{"the identity may pull only", func(a *azureDouble, _ *Federation) { a.granted = []string{"pull"} }, "the identity may not push iris/gateway: give it the role AcrPush"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newAzure(t)
			f := a.federation()
			test.change(a, &f)
			_, err := a.login(f, "iris/gateway")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want …%s…", err, test.want)
			}
			for _, secret := range []string{"planted", "eyJ"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("it shows a token: %v", err)
				}
			}
		})
	}
}

// What is no registry, repository or action is refused before anything is asked.
func TestLoginRefuses(t *testing.T) {
	t.Parallel()
	a := newAzure(t)
	identity, err := a.federation().Credential()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ host, repository, actions, want string }{
		{"https://team.azurecr.io", "iris", "pull", "is no host"},
		{"team.azurecr.io/iris", "iris", "pull", "is no host"},
		{"", "iris", "pull", "is no host"},
		{"team.azurecr.io", "iris:pull repository:*", "pull", "is no name"},
		{"team.azurecr.io", "iris", "", "no action is asked for"},
		{"team.azurecr.io", "iris", "*", "is none of pull, push and delete"},
	} {
		_, err := Registry{Host: test.host}.Login(t.Context(), identity, test.repository, strings.Fields(test.actions))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: error %v, want …%s…", test, err, test.want)
		}
	}
	if len(a.asked) != 0 {
		t.Errorf("it asked %v", a.asked)
	}
}

// Other clouds have other addresses and audiences.
func TestLoginToAnotherCloud(t *testing.T) {
	t.Parallel()
	a := newAzure(t)
	identity, err := a.federation().Credential()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Registry{Host: a.host(), Audience: "https://registry.cloud.example", Transport: a.Client()}.Login(t.Context(), identity, "", nil)
	if err == nil || !strings.Contains(err.Error(), "refuses the identity") {
		t.Errorf("a token for another audience is taken: %v", err)
	}
}
