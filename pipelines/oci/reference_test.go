package oci

import (
	"strings"
	"testing"
)

func TestParseReference(t *testing.T) {
	for _, reference := range []string{
		"registry.example.com/team/api:1.4.2",
		"localhost:5000/api:main-1a2b3c4",
		"127.0.0.1:5000/team/sub/api:1",
		"registry.example.com/api@sha256:" + strings.Repeat("ab", 32),
	} {
		parsed, err := ParseReference(reference)
		if err != nil || parsed.Name() != reference {
			t.Errorf("%s: got %v, %v", reference, parsed, err)
		}
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	cases := []struct{ name, reference, want string }{
		{"empty", "", "REGISTRY/REPOSITORY:TAG"},
		{"upper case", "registry.example.com/Team/api:1", "Team"},
		{"tag with a slash", "registry.example.com/api:feature/x", "feature/x"},
		{"tag with a plus", "registry.example.com/api:1.0+build", "1.0+build"},
		{"tag of 129 characters", "registry.example.com/api:" + strings.Repeat("a", 129), "128"},
		{"no tag", "registry.example.com/team/api", "tag"},
		{"no registry", "team/api:1", "registry"},
		{"digest without registry", "team/api@sha256:" + strings.Repeat("ab", 32), "registry"},
		{"scheme", "https://registry.example.com/api:1", "leave out the scheme"},
		{"space", "registry.example.com/my api:1", "my api"},
		{"short digest", "registry.example.com/api@sha256:abcd", "sha256:abcd"},
		{"newline", "registry.example.com/api:1\n", `:1\n`},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			parsed, err := ParseReference(test.reference)
			if err == nil {
				t.Fatalf("accepted as %s", parsed)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want %q in it", err, test.want)
			}
		})
	}
}

// Whatever is accepted names a registry, a repository and a tag or digest, and reads back the same.
func FuzzParseReference(f *testing.F) {
	f.Add("registry.example.com/team/api:1.4.2")
	f.Add("localhost:5000/api@sha256:" + strings.Repeat("0", 64))
	f.Add(":@/")
	f.Fuzz(func(t *testing.T, reference string) {
		parsed, err := ParseReference(reference)
		if err != nil {
			return
		}
		again, err := ParseReference(parsed.Name())
		if err != nil || again.Name() != parsed.Name() || parsed.Identifier() == "" || parsed.Context().RegistryStr() == "" {
			t.Errorf("%q was read as %q, and that as %v, %v", reference, parsed.Name(), again, err)
		}
	})
}
