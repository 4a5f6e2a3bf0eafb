package tests

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// verified matches what conftest says when every test of the rules passes.
var verified = regexp.MustCompile(`(?m)^([1-9]\d*) tests, (\d+) passed, 0 warnings, 0 failures`)

// Each rule of ours complains of what its cases say, and of nothing else: by the conftest that the stage judges with. It gives
// a case five seconds, and no flag gives it more: nothing else runs meanwhile.
func TestTerraformRules(t *testing.T) {
	conftest := filepath.Join(t.TempDir(), "conftest")
	call(t, "toolbox", "tool", "--name=conftest", "export", "--path="+conftest).passes(t)
	verify := exec.Command(conftest, "verify", "--no-color", "--policy="+filepath.Join(repository, "pipelines/tfplan/rules"))
	output, err := verify.CombinedOutput()
	if found := verified.FindStringSubmatch(string(output)); err != nil || found == nil || found[1] != found[2] {
		t.Errorf("%v\n%s", err, output)
	}
}
