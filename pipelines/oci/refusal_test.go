package oci

import (
	"strings"
	"testing"
)

// The outputs are those of crane v0.21.9 against a docker-registry with htpasswd.
func TestRefusal(t *testing.T) {
	cases := []struct{ name, output, reason, remedy string }{
		{
			"wrong or missing password",
			"Error: HEAD http://127.0.0.1:5077/v2/team/api/manifests/1: unexpected status code 401 Unauthorized (HEAD responses have no body, use GET for details)\n",
			"HEAD http://127.0.0.1:5077/v2/team/api/manifests/1: unexpected status code 401 Unauthorized (HEAD responses have no body, use GET for details)",
			"user and password",
		},
		{
			"registry down",
			`Error: Get "https://127.0.0.1:59871/v2/": dial tcp 127.0.0.1:59871: connect: connection refused; Get "http://127.0.0.1:59871/v2/": dial tcp 127.0.0.1:59871: connect: connection refused`,
			`Get "https://127.0.0.1:59871/v2/": dial tcp 127.0.0.1:59871: connect: connection refused; Get "http://127.0.0.1:59871/v2/": dial tcp 127.0.0.1:59871: connect: connection refused`,
			"does not answer",
		},
		{
			"no such host",
			`Error: Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid on 192.0.2.53:53: no such host`,
			`Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid on 192.0.2.53:53: no such host`,
			"does not answer",
		},
		{
			"registry that fails, after retries",
			"2026/11/23 09:24:06 retrying GET http://127.0.0.1:59872/v2/: unexpected status code 503 Service Unavailable\nError: GET http://127.0.0.1:59872/v2/: unexpected status code 503 Service Unavailable\n",
			"GET http://127.0.0.1:59872/v2/: unexpected status code 503 Service Unavailable",
			"the registry's log",
		},
		{"nothing printed", "", "", "call again"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			reason, remedy := Refusal(test.output)
			if reason != test.reason || !strings.Contains(remedy, test.remedy) {
				t.Errorf("reason %q, want %q; remedy %q, want %q in it", reason, test.reason, remedy, test.remedy)
			}
		})
	}
}
