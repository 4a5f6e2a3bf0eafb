package tests

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// The gateway and the inference service that really run keep their contract, and what was tested is recorded; where another
// model was promised than the one that runs, that is red, and recorded too.
func TestPromotionIntegration(t *testing.T) {
	t.Parallel()
	address := server(t, "serving")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	o, set := newOrigin(t), strings.Repeat("5e", 32)
	for _, test := range []struct{ version, result, says string }{
		{"1", "passed", ""}, {"999", "failed", "999"},
	} {
		record := filepath.Join(workspace(t), "record.json")
		tests := []string{
			"promotion", "--source=" + o.clone(t), "integration-tests", "--url=http://gateway:" + port, "--gateway=tcp://" + address,
			// Both share this machine with all other tests.
			"--budget=5s", "--model-version=" + test.version, "--set=" + set, "--run=https://ci.example/1",
		}
		call(t, append(tests, "files", "file", "--path=record.json", "export", "--path="+record)...).passes(t)
		var recorded struct{ Result, Set, Run string }
		if err := json.Unmarshal([]byte(read(t, record)), &recorded); err != nil || recorded.Result != test.result || recorded.Set != set || recorded.Run != "https://ci.example/1" {
			t.Errorf("%+v, %v, want %s", recorded, err, test.result)
		}
		if said := call(t, append(tests, "check")...); test.says == "" {
			said.passes(t)
		} else {
			said.fails(t, test.says)
		}
	}
}
