package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/esteira/esteira/pipelines/git/gittest"
)

// registryDouble is an Azure registry with one repository, api-gateway, as its API tells of it: the image of each digest has a
// signature. It locks what it is told to.
type registryDouble struct {
	t       *testing.T
	mutex   sync.Mutex
	images  []string
	removed []string
	locked  string
}

// signatureOf is the digest of an image's signature.
func signatureOf(image string) string { return "sha256:00" + image[len("sha256:00"):] }

func (r *registryDouble) routes() map[string]http.HandlerFunc {
	const api = "/acr/v1/api-gateway/"
	token := func(lasts time.Duration) string {
		text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"jti": "planted", "exp": time.Now().Add(lasts).Unix()}).SignedString([]byte("key"))
		if err != nil {
			r.t.Error(err)
		}
		return text
	}
	refresh, access := token(3*time.Hour), token(time.Hour)
	guarded := func(answer http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, request *http.Request) {
			r.mutex.Lock()
			defer r.mutex.Unlock()
			if request.Header.Get("Authorization") == "Bearer "+access {
				answer(w, request)
				return
			}
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="https://%s/oauth2/token",service=%[1]q,scope="repository:api-gateway:*"`, request.Host))
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	routes := map[string]http.HandlerFunc{
		"/oauth2/exchange": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"refresh_token":%q}`, refresh) },
		"/oauth2/token":    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"access_token":%q}`, access) },
		api + "_manifests": guarded(r.list),
	}
	for _, image := range r.images {
		signature := signatureOf(image)
		for _, digest := range []string{image, signature} {
			routes["/v2/api-gateway/manifests/"+digest] = guarded(func(w http.ResponseWriter, request *http.Request) {
				if request.Method != http.MethodDelete || digest == r.locked {
					w.WriteHeader(http.StatusMethodNotAllowed)
					return
				}
				r.removed = append(r.removed, digest)
				w.WriteHeader(http.StatusAccepted)
			})
		}
		for _, kind := range []string{"", ".sig", ".att", ".sbom"} {
			tag := "sha256-" + image[len("sha256:"):] + kind
			routes[api+"_tags/"+tag] = guarded(func(w http.ResponseWriter, _ *http.Request) {
				if kind != ".sig" || slices.Contains(r.removed, signature) {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				fmt.Fprintf(w, `{"tag":{"name":%q,"digest":%q}}`, tag, signature)
			})
		}
	}
	return routes
}

// lock has the registry refuse to remove a manifest.
func (r *registryDouble) lock(digest string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.locked = digest
}

func (r *registryDouble) list(w http.ResponseWriter, _ *http.Request) {
	manifests := []map[string]any{}
	add := func(digest string, tags ...string) {
		if !slices.Contains(r.removed, digest) {
			manifests = append(manifests, map[string]any{"digest": digest, "createdTime": "2026-11-01T10:00:00Z", "tags": tags,
				"configMediaType": "application/vnd.oci.image.config.v1+json"})
		}
	}
	for i, image := range r.images {
		add(image, fmt.Sprintf("main-%d", i))
		add(signatureOf(image), "sha256-"+image[len("sha256:"):]+".sig")
	}
	if err := json.NewEncoder(w).Encode(map[string]any{"manifests": manifests}); err != nil {
		r.t.Error(err)
	}
}

// What staging's sets name stays in the registry, with its signatures; what no set names goes, with its own, where that is asked
// for. Cut off by a lock it says how far it came; called again it removes the rest, and then nothing.
func TestPromotionPruneRegistry(t *testing.T) {
	t.Parallel()
	digest := func(pair string) string { return "sha256:" + strings.Repeat(pair, 32) }
	r := &registryDouble{t: t, images: []string{digest("a1"), digest("b2"), digest("c3"), digest("d4")}} // staging had a1 and b2
	url, job := azureDouble(t, r.routes())
	host := strings.TrimPrefix(url, "https://")
	dir, _ := staged(t)
	for _, overlay := range []string{"dev", "staging/release", "prod/release"} {
		file := filepath.Join(dir, "k8s/overlays", overlay, "kustomization.yaml")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.ReplaceAll(string(text), "esteira.azurecr.io/api-gateway", host+"/api-gateway"))
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gittest.Git(t, dir, time.Now(), "commit", "--quiet", "--all", "--message=Move the registry")
	prune := func(want int, flags ...string) string {
		t.Helper()
		args := append([]string{"promotion", "prune", "--repository", dir, "--registry", host}, flags...)
		code, output := asProcess(t, job, args...)
		if code != want || strings.Contains(output, "planted") || strings.Contains(output, "eyJ") {
			t.Errorf("esteira %s: exit code %d, want %d: %s", strings.Join(args, " "), code, want, output)
		}
		return output
	}
	says := func(output string, want ...string) {
		t.Helper()
		for _, part := range want {
			if !strings.Contains(output, part) {
				t.Errorf("%s does not say %q", output, part)
			}
		}
	}

	says(prune(0), "2 can go, 2 stay", digest("c3"), digest("d4"), "nothing is removed without --remove")
	says(prune(0, "--young", "100000"), "0 can go, 4 stay")
	r.lock(digest("d4"))
	says(prune(1, "--remove"), "1 of 2 were removed, call again for the others", digest("d4"), "it is locked (405)")
	r.lock("")
	says(prune(0, "--remove"), "1 were removed")
	says(prune(0, "--remove"), "0 can go, 2 stay", "0 were removed")
	code, output := asProcess(t, job, "promotion", "prune", "--repository", dir, "--registry", "other.azurecr.io")
	if code != 1 || !strings.Contains(output, "no kustomization names an image of registry other.azurecr.io, but of ") {
		t.Errorf("exit code %d: %s", code, output)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if want := []string{signatureOf(digest("c3")), digest("c3"), signatureOf(digest("d4")), digest("d4")}; !slices.Equal(r.removed, want) {
		t.Errorf("%v were removed, want %v", r.removed, want)
	}
}
