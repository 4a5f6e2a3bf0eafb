package esteira

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestAssignmentVectors: the gateway and the inference service place an experiment's key alike because both are tested
// against the same vectors. Each has a copy in its own folder, so that a stage gets along with that folder alone.
func TestAssignmentVectors(t *testing.T) {
	read := func(path string) []byte {
		content, err := os.ReadFile(filepath.Join("apps", path))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	const service, gateway = "inference-service/tests/golden/assignment.json", "api-gateway/src/test/resources/assignment.json"
	if !bytes.Equal(read(service), read(gateway)) {
		t.Errorf("%s differs from %s: copy the one that is right", gateway, service)
	}
}
