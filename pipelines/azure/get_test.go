package azure

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A blob is what its name says, or it is not handed on.
func TestGet(t *testing.T) {
	t.Parallel()
	const text = "a model"
	name := fmt.Sprintf("/models/sha256/%x/model.onnx", sha256.Sum256([]byte(text)))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Get("sig") != "good":
			w.Header().Set("x-ms-error-code", "AuthenticationFailed")
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == name:
			fmt.Fprint(w, text)
		case strings.HasSuffix(r.URL.Path, "/other.onnx"):
			fmt.Fprint(w, "another model")
		default:
			w.Header().Set("x-ms-error-code", "BlobNotFound")
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	for _, test := range []struct{ name, address, sas, says string }{
		{"there", name, "sig=good", ""},
		{"other content", strings.Replace(name, "model.onnx", "other.onnx", 1), "sig=good", "it is there with other content: 13 bytes"},
		{"not there", strings.Replace(name, "model.onnx", "none.onnx", 1), "sig=good", "it is not there: upload it again"},
		{"refused", name, "sig=bad", "the SAS or the identity is refused"},
		{"no address of ours", "/models/model.onnx", "sig=good", "want CONTAINER/sha256/DIGEST/NAME"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "model")
			err := Get(t.Context(), server.URL+test.address, Access{SAS: test.sas, Transport: server.Client(), Idle: time.Second}, file)
			got, read := os.ReadFile(file)
			switch {
			case test.says == "" && (err != nil || read != nil || string(got) != text):
				t.Errorf("%v, %v, %q", err, read, got)
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "sig=")):
				t.Errorf("%v, want %q", err, test.says)
			}
		})
	}
}
