package terraform

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHandshake(t *testing.T) {
	t.Parallel()
	attached, err := handshake("1|6|unix|/tmp/plugin3625622995|grpc|\n")
	if err != nil || attached.ProtocolVersion != 6 || attached.Addr.Network != "unix" || attached.Addr.String != "/tmp/plugin3625622995" {
		t.Errorf("%+v, %v", attached, err)
	}
	for _, line := range []string{"", "\n", "This binary is a plugin.", "1|6|unix", "2|6|unix|/tmp/x|grpc|", "1|six|unix|/tmp/x|grpc|", "1|4|unix|/tmp/x|netrpc|"} {
		if _, err := handshake(line); err == nil {
			t.Errorf("%q passes", line)
		}
	}
}

// A provider that says where it listens is attached to, and ends with the call. One that says something else is left alone.
//
// It runs alone: a file that was just written cannot be started while another test starts something.
func TestServe(t *testing.T) {
	w := &Workshop{Dir: t.TempDir()}
	for name, script := range map[string]string{
		"example.com/shop/good/1.0.0/linux_amd64/terraform-provider-good": "echo '1|5|unix|/tmp/good|grpc|'\nexec sleep 60",
		"example.com/shop/old/1.0.0/linux_amd64/terraform-provider-old":   "echo no",
	} {
		file := filepath.Join(w.Dir, "prod/.terraform/providers", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	environment, end := w.serve(context.Background(), "prod")
	defer end()
	said := environment[len(environment)-1]
	if !strings.Contains(said, `TF_REATTACH_PROVIDERS={"example.com/shop/good":{"Protocol":"grpc","ProtocolVersion":5,`) || strings.Contains(said, "old") {
		t.Errorf("%s", said)
	}
	if environment, end := w.serve(context.Background(), "nowhere"); len(environment) != len(offline) {
		t.Errorf("of nothing: %v", environment)
	} else {
		end()
	}
}
