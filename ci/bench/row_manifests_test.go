package main

import (
	"strings"
	"testing"
)

func TestManifestText(t *testing.T) {
	objects := 0
	for number := range manifestFiles {
		objects += strings.Count(manifestText(number), "\napiVersion: ") + 1
	}
	if objects != manifestObjects {
		t.Errorf("%d objects in %d files, want %d", objects, manifestFiles, manifestObjects)
	}
}
