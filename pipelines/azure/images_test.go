package azure

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	imageConfig = "application/vnd.oci.image.config.v1+json"
	emptyConfig = "application/vnd.oci.empty.v1+json"
)

// shelf is a repository of a registry, with what its API tells of manifests.
type shelf struct {
	azure     *azureDouble
	manifests []manifestOf
	removed   []string
	// refuses answers a deletion in the registry's place, where it is set.
	refuses int
}

type manifestOf struct {
	digest, config string
	tags           []string
	parts          []string
}

func digits(i int) string { return fmt.Sprintf("sha256:%064x", i) }

// serve has the double answer for the repository iris/gateway, two manifests a page.
func (s *shelf) serve() {
	const api = "/acr/v1/iris/gateway/"
	s.azure.override = map[string]http.HandlerFunc{api + "_manifests": s.guarded(s.list)}
	for _, m := range s.manifests {
		s.azure.override[api+"_manifests/"+m.digest] = s.guarded(func(w http.ResponseWriter, _ *http.Request) {
			var parts []map[string]any
			for _, part := range m.parts {
				parts = append(parts, map[string]any{"digest": part, "architecture": "amd64", "os": "linux"})
			}
			s.azure.answer(w, 200, map[string]any{"manifest": map[string]any{"digest": m.digest, "references": parts}})
		})
		s.azure.override["/v2/iris/gateway/manifests/"+m.digest] = s.guarded(func(w http.ResponseWriter, r *http.Request) {
			if s.refuses != 0 {
				w.WriteHeader(s.refuses)
				return
			}
			if r.Method != http.MethodDelete {
				s.azure.t.Errorf("%s %s", r.Method, r.URL)
			}
			s.removed = append(s.removed, m.digest)
			w.WriteHeader(http.StatusAccepted)
		})
		s.azure.override[api+"_tags/sha256-"+m.digest[len("sha256:"):]+".sbom"] = s.guarded(missing)
		s.azure.override[api+"_tags/sha256-"+m.digest[len("sha256:"):]+".att"] = s.guarded(missing)
		for _, kind := range []string{"", ".sig"} {
			tag := "sha256-" + m.digest[len("sha256:"):] + kind
			s.azure.override[api+"_tags/"+tag] = s.guarded(func(w http.ResponseWriter, r *http.Request) {
				for _, other := range s.manifests {
					if slices.Contains(other.tags, tag) && !slices.Contains(s.removed, other.digest) {
						s.azure.answer(w, 200, map[string]any{"tag": map[string]any{"name": tag, "digest": other.digest}})
						return
					}
				}
				missing(w, r)
			})
		}
	}
}

func missing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }

// guarded is an answer that only a token gets.
func (s *shelf) guarded(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.azure.access == "" || r.Header.Get("Authorization") != "Bearer "+s.azure.access {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/oauth2/token",service="%s",scope="repository:iris/gateway:*"`, s.azure.URL, s.azure.host()))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, r)
	}
}

func (s *shelf) list(w http.ResponseWriter, r *http.Request) {
	first := 0
	if last := r.FormValue("last"); last != "" {
		first = 1 + slices.IndexFunc(s.manifests, func(m manifestOf) bool { return m.digest == last })
	}
	page := s.manifests[first:min(first+2, len(s.manifests))]
	if first+2 < len(s.manifests) {
		w.Header().Set("Link", fmt.Sprintf(`</acr/v1/iris/gateway/_manifests?last=%s&n=2>; rel="next"`, page[1].digest))
	}
	var manifests []map[string]any
	for _, m := range page {
		manifest := map[string]any{"digest": m.digest, "createdTime": "2026-11-01T10:00:00Z", "tags": m.tags}
		if m.config != "" {
			manifest["configMediaType"] = m.config
		}
		manifests = append(manifests, manifest)
	}
	s.azure.answer(w, 200, map[string]any{"registry": s.azure.host(), "imageName": "iris/gateway", "manifests": manifests})
}

func newShelf(t *testing.T) (*shelf, *Repository) {
	t.Helper()
	a := newAzure(t)
	s := &shelf{azure: a, manifests: []manifestOf{
		{digest: digits(1), config: imageConfig, tags: []string{"main-1", "v1"}},
		{digest: digits(2), config: imageConfig, tags: []string{"sha256-" + digits(1)[7:] + ".sig"}},
		{digest: digits(3), config: emptyConfig, tags: []string{"sha256-" + digits(1)[7:]}},
		{digest: digits(4), config: emptyConfig},
		{digest: digits(5), config: imageConfig},
		{digest: digits(6), parts: []string{digits(7)}, tags: []string{"multi"}},
		{digest: digits(7), config: imageConfig},
	}}
	s.serve()
	identity, err := a.federation().Credential()
	if err != nil {
		t.Fatal(err)
	}
	repository, err := Registry{Host: a.host(), Transport: a.Client()}.Repository("iris/gateway", identity)
	if err != nil {
		t.Fatal(err)
	}
	return s, repository
}

// Images are what can be started by itself: no signature, whichever way it is attached, no index, and nothing of an index.
func TestImages(t *testing.T) {
	t.Parallel()
	_, repository := newShelf(t)
	images, err := repository.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(images) != 2 || images[0].Digest != digits(1) || images[1].Digest != digits(5) {
		t.Fatalf("the images are %+v", images)
	}
	if first := images[0]; !slices.Equal(first.Tags, []string{"main-1", "v1"}) || !first.Created.Equal(time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", first)
	}
}

// What is attached to an image goes first, so that an interrupted removal is done again; a second one finds nothing to do.
func TestRemoveImage(t *testing.T) {
	t.Parallel()
	s, repository := newShelf(t)
	for range 2 {
		if err := repository.Remove(t.Context(), digits(1)); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{digits(3), digits(2), digits(1), digits(1)}; !slices.Equal(s.removed, want) {
		t.Errorf("%v were removed, want %v", s.removed, want)
	}
}

func TestImagesRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*shelf)
		want   string
	}{
		{"locked", func(s *shelf) { s.refuses = http.StatusMethodNotAllowed }, "it is locked (405)"},
		{"may not delete", func(s *shelf) { s.refuses = http.StatusForbidden }, "the identity is refused (403): give it the roles AcrPull and AcrDelete"},
		{"broken", func(s *shelf) { s.refuses = http.StatusTeapot }, "it answered 418"},
		{"expired", func(s *shelf) { s.azure.claims["exp"] = time.Now().Add(-time.Hour).Unix() }, "it expired, or a clock is wrong"},
		{"no such repository", func(s *shelf) {
			s.azure.override["/acr/v1/iris/gateway/_manifests"] = s.guarded(missing)
		}, "it answered 404: look whether there is such a repository"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, repository := newShelf(t)
			test.change(s)
			_, err := repository.Images(t.Context())
			if err == nil {
				err = repository.Remove(t.Context(), digits(5))
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "iris/gateway") || strings.Contains(err.Error(), "eyJ") {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	for _, name := range []string{"", "../x", "Iris"} {
		if _, err := (Registry{Host: "team.azurecr.io"}).Repository(name, nil); err == nil {
			t.Errorf("repository %q is taken", name)
		}
	}
}
