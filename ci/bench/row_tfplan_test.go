package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestWritePlan(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := writePlan(file, 250); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var plan struct {
		Values struct {
			Root struct{ Resources []any } `json:"root_module"`
		} `json:"planned_values"`
		Changes []struct {
			Address string
			Change  struct{ After map[string]any }
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal(text, &plan); err != nil {
		t.Fatal(err)
	}
	addresses := map[string]bool{}
	for _, change := range plan.Changes {
		addresses[change.Address] = change.Change.After["type"] != ""
	}
	if len(plan.Values.Root.Resources) != 250 || len(addresses) != 250 {
		t.Errorf("%d values, %d addresses", len(plan.Values.Root.Resources), len(addresses))
	}
}
