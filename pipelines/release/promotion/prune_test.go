package promotion_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/git/gittest"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// What no set within the rollback depth names goes; what runs, what could come back, what a kustomization names and what is
// new stays.
func TestPrune(t *testing.T) {
	t.Parallel()
	w := settled(t) // depth 3
	if _, err := w.promote(promotion.Request{}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.ship()
	}
	w.tick()
	if _, err := w.at.Rollback(context.Background(), promotion.Back{Environment: "prod", To: 3, Owner: "me", Reason: "why"}); err != nil {
		t.Fatal(err)
	}
	old, young := start.AddDate(0, -2, 0), start.AddDate(0, 0, -1)
	var existing []promotion.Artefact
	for n := 1; n <= 15; n++ { // ship n made 3n-2, 3n-1 and 3n
		kind := "image"
		if n%3 == 0 {
			kind = "model"
		}
		existing = append(existing, promotion.Artefact{Kind: kind, Name: "x", Digest: "sha256:" + digits(n), Created: old})
	}
	dev := promotion.Artefact{Kind: "image", Name: "api-gateway", Digest: "sha256:" + digits(90), Tags: []string{"main-00000000000000-0000000"}, Created: old}
	fresh := promotion.Artefact{Kind: "image", Name: "api-gateway", Digest: "sha256:" + digits(91), Tags: []string{"main-20261122"}, Created: young}
	stale := promotion.Artefact{Kind: "image", Name: "api-gateway", Digest: "sha256:" + digits(92), Tags: []string{"main-20260922"}, Created: old}
	existing = append(existing, dev, fresh, stale)
	pruning, err := w.at.Prune(context.Background(), promotion.Inventory{
		Kinds:     []string{promotion.ImageKind, promotion.ModelKind},
		Artefacts: slices.DeleteFunc(slices.Clone(existing), func(a promotion.Artefact) bool { return a.Digest == "sha256:"+digits(14) }),
	}, 14*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var gone []string
	for _, artefact := range pruning.Delete {
		gone = append(gone, artefact.Digest[7:11])
	}
	// Production runs set 6, which is set 3 again; sets 3 to 6 may come back. Staging has sets 2 to 5.
	if want := []string{"0001", "0002", "0003", "005c"}; !slices.Equal(gone, want) {
		t.Errorf("%v go, want %v", gone, want)
	}
	for digest, says := range map[string]string{digits(7): "set 3 of", digits(4): "set 2 of staging", digits(90): "k8s/overlays/dev/kustomization.yaml", digits(91): "younger than"} {
		if !strings.Contains(pruning.Kept["sha256:"+digest], says) {
			t.Errorf("%.4s stays because of %q, want %q", digest, pruning.Kept["sha256:"+digest], says)
		}
	}
	if len(pruning.Missing) != 1 || !strings.Contains(pruning.String(), "missing: sha256:000eaaaa") {
		t.Errorf("missing are %v:\n%s", pruning.Missing, pruning)
	}
}

func TestReadArtefactsRefuses(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"{}": "artefacts",
		`[{"kind": "jar", "digest": "sha256:` + digits(1) + `", "created": "2026-11-01T00:00:00Z"}]`: "artefacts[0].kind",
		`[{"kind": "image", "digest": "latest", "created": "2026-11-01T00:00:00Z"}]`:                 "artefacts[0].digest",
		`[{"kind": "image", "digest": "sha256:` + digits(1) + `"}]`:                                  "artefacts[0].created is missing",
		`[{"kind": "image", "sha": ""}]`:                                                             "unknown field",
	} {
		if _, err := promotion.ReadArtefacts(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

// A clone without its history does not know what is needed.
func TestShallow(t *testing.T) {
	t.Parallel()
	w := settled(t)
	dir := gittest.Folder(t)
	w.git("clone", "--quiet", "--depth=1", "file://"+w.dir, dir)
	w.at.Repository.Dir = dir
	if _, err := w.at.Prune(context.Background(), promotion.Inventory{}, 0); err == nil || !strings.Contains(err.Error(), "shallow") {
		t.Errorf("prune: %v", err)
	}
	if _, err := w.at.Verify(context.Background(), "HEAD", "prod", ""); err == nil || !strings.Contains(err.Error(), "shallow") {
		t.Errorf("verify: %v", err)
	}
}

func TestStatusAndHistory(t *testing.T) {
	t.Parallel()
	w := settled(t)
	all, err := w.at.Status(context.Background())
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	prod := all[0]
	if !slices.Equal(prod.Behind, []string{"api-gateway", "inference-service", "iris"}) || len(prod.Holds) != 0 || prod.Set.Sequence != 1 {
		t.Errorf("%+v", prod)
	}
	pinned("iris")(w)
	w.at.Now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	all, err = w.at.Status(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	text := all[0].String() + all[1].String()
	for _, want := range []string{"prod: set 1 since ", "staging runs otherwise: api-gateway", "held: prod is frozen", "held: iris is pinned by ml-team until 2026-12-01", "integration tests passed"} {
		if !strings.Contains(text, want) {
			t.Errorf("status does not say %q:\n%s", want, text)
		}
	}
	history, err := w.at.History(context.Background(), "staging")
	if err != nil || len(history) != 3 {
		t.Fatalf("%+v, %v", history, err)
	}
	told := promotion.Told(history, 2)
	if lines := strings.Split(strings.TrimSpace(told), "\n"); len(lines) != 3 || !strings.HasPrefix(strings.TrimSpace(lines[0]), "2  2026-") || lines[2] != "… and 1 older" {
		t.Errorf("%s", told)
	}
	if _, err := w.at.History(context.Background(), "qa"); err == nil || !strings.Contains(err.Error(), `"qa" is unknown`) {
		t.Errorf("%v", err)
	}
}

func BenchmarkDiff(b *testing.B) {
	w := settled(b)
	w.timed()
	for b.Loop() {
		if _, err := w.at.Diff(context.Background(), promotion.Request{To: "prod"}, promotion.Inputs{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRollback(b *testing.B) {
	w := settled(b)
	if _, err := w.promote(promotion.Request{}); err != nil {
		b.Fatal(err)
	}
	before := w.git("rev-parse", "main")
	for b.Loop() {
		if _, err := w.at.Rollback(context.Background(), promotion.Back{Environment: "prod", Owner: "me", Reason: "why"}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		w.git("reset", "--quiet", "--hard", before)
		b.StartTimer()
	}
}
