package azure

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What is no container's address is refused before anything is asked of the network, and no error shows what may be a
// secret.
func TestOpenRefuses(t *testing.T) {
	const good, secret = "https://account.blob.core.windows.net/models", "sig=c2VjcmV0"
	cases := []struct {
		name, address string
		access        Access
		says          string
	}{
		{"no URL", "https://account:models\x7f", Access{}, "is no URL"},
		{"SAS in the address", good + "?" + secret, Access{}, "handed in as a secret"},
		{"password in the address", "https://me:" + secret + "@account.blob.core.windows.net/models", Access{}, "handed in as a secret"},
		{"fragment", good + "#" + secret, Access{}, "handed in as a secret"},
		{"http", "http://account.blob.core.windows.net/models", Access{}, "write https"},
		{"another scheme", "wasbs://models@account.blob.core.windows.net", Access{}, "only host and path"},
		{"no scheme", "account.blob.core.windows.net/models", Access{}, `scheme is ""`},
		{"no host", "https:///models", Access{}, "names no host"},
		{"no container", "https://account.blob.core.windows.net/", Access{}, "names no container"},
		{"no patience", good, Access{Idle: time.Millisecond}, "idle for 1ms"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if test.access.Idle == 0 {
				test.access.Idle = time.Second
			}
			test.access.SAS = secret
			_, err := Open(test.address, test.access)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("%v, want %q", err, test.says)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("it shows the secret: %v", err)
			}
		})
	}
}

// A signature is taken with its question mark and without, and with the line end of a file.
func TestOpenTakesSignatures(t *testing.T) {
	for _, sas := range []string{"sp=cr&sig=x", "?sp=cr&sig=x", "sp=cr&sig=x\n"} {
		store, err := Open("https://account.blob.core.windows.net/models/", Access{SAS: sas, Idle: time.Second})
		if err != nil {
			t.Fatalf("%q: %v", sas, err)
		}
		if got := store.client.URL(); got != "https://account.blob.core.windows.net/models?sp=cr&sig=x" {
			t.Errorf("%q: it asks %s", sas, got)
		}
	}
}

// What net/http says of a request that failed carries the address, and with it the signature.
func TestErrorsAreClean(t *testing.T) {
	store := &Store{sas: "sp=cr&sig=x"}
	err := store.clean(&url.Error{Op: "Get", URL: "https://a/b?" + store.sas, Err: errors.New("no route to a?" + store.sas)})
	if strings.Contains(err.Error(), "sig=") || !strings.Contains(err.Error(), "no route") {
		t.Errorf("it says %q", err)
	}
}
