package oci

import (
	"regexp"
	"strings"
)

var refusals = []struct {
	sign   *regexp.Regexp
	remedy string
}{
	{regexp.MustCompile(`UNAUTHORIZED|\b401\b`), "the registry does not know this user and password: check --username and --password"},
	{regexp.MustCompile(`DENIED|\b403\b`), "the user may not do this here: ask for the right to push to this repository"},
	{regexp.MustCompile(`connection refused|no such host|i/o timeout|no route to host`), "the registry does not answer: check its name and whether it is up"},
	{regexp.MustCompile(`x509:|tls:`), "the registry's certificate is not trusted: add its CA to the base image"},
	{regexp.MustCompile(`server gave HTTP response to HTTPS client`), "the registry speaks no TLS: hand it in by --registry"},
	{regexp.MustCompile(`MANIFEST_UNKNOWN|NAME_UNKNOWN|\b404\b`), "the registry has no such image"},
}

// Refusal is what to do about what a registry's client printed, and the client's last line itself.
func Refusal(output string) (reason, remedy string) {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	reason = strings.TrimPrefix(lines[len(lines)-1], "Error: ")
	for _, refusal := range refusals {
		if refusal.sign.MatchString(output) {
			return reason, refusal.remedy
		}
	}
	return reason, "call again, or look at the registry's log"
}
