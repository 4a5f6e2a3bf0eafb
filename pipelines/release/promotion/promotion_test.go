package promotion_test

import (
	"context"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/esteira/esteira/pipelines/git/gittest"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// A candidate goes to staging, to production, and back, in one commit each, with this repository's own manifests.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gittest.Folder(t))
	first := w.ship()
	before := w.git("rev-list", "--count", "main")
	second := w.ship()
	if first.Sequence != 1 || second.Sequence != 2 || !second.Moved {
		t.Errorf("%+v and %+v", first, second)
	}
	if now := w.git("rev-list", "--count", "main"); now == before {
		t.Error("nothing was committed")
	}
	prod, staging := w.set("prod"), w.set("staging")
	if !prod.Same(staging) || prod.From.Digest != staging.Digest() || prod.Approvals[0].Reviewer != "eve" || prod.Parent == "" {
		t.Errorf("production is %+v", prod)
	}
	w.renders(t, "prod", prod.Images["api-gateway"].Digest, "MODEL_SHA256: "+prod.Models["iris"].SHA256, "skipAnalysis: false", "version: "+prod.Images["api-gateway"].Version)
	w.tick()
	back, err := w.at.Rollback(context.Background(), promotion.Back{Environment: "prod", Owner: "java-team", Reason: "errors in every answer"})
	if err != nil {
		t.Fatal(err)
	}
	prod = w.set("prod")
	old, err := release.History(context.Background(), w.at.Repository, "main", "prod")
	if err != nil || len(old) != 4 || !prod.Same(old[1].Set) || back.Sequence != 3 {
		t.Fatalf("%d sets, %v, %+v", len(old), err, prod)
	}
	if !prod.Rollback.SkipAnalysis || prod.Rollback.To != 1 || prod.Pin.Owner != "java-team" || !prod.Pin.Expires.Equal(w.at.Now.AddDate(0, 0, 14)) {
		t.Errorf("%+v, %+v", prod.Rollback, prod.Pin)
	}
	w.renders(t, "prod", prod.Images["api-gateway"].Digest, "skipAnalysis: true")
	if changed := w.git("show", "--format=", "--name-only", "main"); !strings.Contains(changed, "release.yaml") || strings.Contains(changed, "staging") {
		t.Errorf("the commit changes %s", changed)
	}
	if status := w.git("status", "--porcelain"); status != "" {
		t.Errorf("the work tree did not follow: %s", status)
	}
	w.sound("prod", "staging")
}

// renders makes sure that Kustomize makes of an environment what is asked for.
func (w *world) renders(t *testing.T, environment string, texts ...string) {
	t.Helper()
	objects, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), w.dir+"/k8s/overlays/"+environment)
	if err != nil {
		t.Fatal(err)
	}
	output, err := objects.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if !strings.Contains(string(output), text) {
			t.Errorf("%s does not render %q", environment, text)
		}
	}
}
