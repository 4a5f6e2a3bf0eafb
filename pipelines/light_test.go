package pipelines_test

import (
	"os/exec"
	"strings"
	"testing"
)

// light are the packages that ci/ may import. Dagger compiles its module anew on every fresh engine, and numerics, drawing
// or cloud clients in it would cost each of them minutes: such work runs in a container, as a subcommand of cmd/esteira.
var light = []string{"./acceptance", "./component", "./config", "./finding", "./gate/policy", "./java", "./manifest", "./oci", "./release", "./report", "./terraform/policy", "./vulnerability"}

func TestWhatTheModuleImportsIsLight(t *testing.T) {
	output, err := exec.Command("go", append([]string{"list", "-deps"}, light...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, imported := range strings.Fields(string(output)) {
		for _, heavy := range []string{"gonum.org/", "github.com/Azure/", "github.com/parquet-go/", "sigs.k8s.io/kustomize/"} {
			if strings.HasPrefix(imported, heavy) {
				t.Errorf("%s is among what %v depend on", imported, light)
			}
		}
	}
	if !strings.Contains(string(output), "sigs.k8s.io/yaml") {
		t.Error("go list did not look into config")
	}
}
