package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	// manifestFiles are generated, with manifestObjects in them.
	manifestFiles   = 35_000
	manifestObjects = 50_000
	// benchedRelease is the Kubernetes that k8s/policy.yaml names.
	benchedRelease = "1.36.3"
)

// manifests is kubeconform over many files, as a stage and bare on this machine, in the same version and by the same schemas;
// handing the files over is measured apart and left out. Beside it: this repository's own manifests, unchanged and with one
// changed overlay.
func manifests(ctx context.Context, b *bench) ([]line, error) {
	conform, err := b.conform(ctx)
	if err != nil {
		return nil, err
	}
	validate, err := b.validate(ctx)
	return append(conform, validate...), err
}

func (b *bench) conform(ctx context.Context) ([]line, error) {
	folder, tools := filepath.Join(b.work, "manifests"), filepath.Join(b.work, "kubeconform")
	// The version that the stage has as a library.
	build := command(ctx, "go", "build", "-ldflags=-s -w", "-o", tools+"/kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform")
	build.Dir = b.repository
	if err := errors.Join(writeManifests(folder), inTurn(build,
		b.dagger(ctx, "call", "manifests", "schemas", "export", "--path="+tools+"/schemas"))); err != nil {
		return nil, err
	}
	handed := func() (time.Duration, error) {
		return timed(func() error { return inTurn(b.dagger(ctx, "core", "host", "directory", "--path", folder, "digest")) })
	}
	var handing []time.Duration
	ours, theirs, err := sideBySide(ctx, 3,
		side{"manifests kubeconform", func(ctx context.Context) (time.Duration, error) {
			if err := touchManifest(folder); err != nil {
				return 0, err
			}
			// The first hands the changed folder over, the second says what handing over costs a call that has it already.
			first, err := handed()
			if err != nil {
				return 0, err
			}
			again, err := handed()
			if err != nil {
				return 0, err
			}
			handing = append(handing, first)
			taken, err := timed(func() error {
				return passed(b.dagger(ctx, "call", "manifests", "--source", folder, "kubeconform", "check"))
			})
			return taken - again, err
		}},
		side{"kubeconform", func(ctx context.Context) (time.Duration, error) {
			return timed(func() error {
				return inTurn(command(ctx, tools+"/kubeconform", "-strict", "-summary", "-schema-location="+tools+
					"/schemas/{{.NormalizedKubernetesVersion}}-standalone{{.StrictSuffix}}/{{.ResourceKind}}{{.KindSuffix}}.json",
					"-kubernetes-version="+benchedRelease, folder))
			})
		}})
	if err != nil {
		return nil, err
	}
	return []line{
		{what: fmt.Sprintf("kubeconform, %d objects", manifestObjects), unit: "s", esteira: ours, bare: theirs, target: []limit{{1.15, 0}}},
		{what: fmt.Sprintf("handing over %d files", manifestFiles), unit: "s", esteira: median(handing).Seconds()},
	}, nil
}

// validate is the whole stage over this repository's manifests.
func (b *bench) validate(ctx context.Context) ([]line, error) {
	folder := filepath.Join(b.work, "k8s")
	if err := inTurn(command(ctx, "cp", "-r", filepath.Join(b.repository, "k8s"), folder)); err != nil {
		return nil, err
	}
	call := func(ctx context.Context) (time.Duration, error) {
		return timed(func() error {
			return passed(b.dagger(ctx, "call", "manifests", "--source", folder, "validate", "check"))
		})
	}
	changed, same, err := sideBySide(ctx, 3,
		side{"manifests validate, one overlay changed", func(ctx context.Context) (time.Duration, error) {
			if err := touchOverlay(folder); err != nil {
				return 0, err
			}
			return call(ctx)
		}},
		side{"manifests validate, no change", call})
	return []line{
		{what: "manifests validate, one overlay changed", unit: "s", esteira: changed},
		{what: "manifests validate, no change", unit: "s", esteira: same, target: []limit{{0, 2}}},
	}, err
}

// touchOverlay changes what one overlay renders.
func touchOverlay(folder string) error {
	file, err := os.OpenFile(filepath.Join(folder, "overlays", "dev", "kustomization.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "# %d\n", time.Now().UnixNano())
	return errors.Join(err, file.Close())
}

// The documents that are generated; %[1]d is a number of their own.
const (
	aDeployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%[1]d
spec:
  replicas: 2
  selector:
    matchLabels:
      app.kubernetes.io/name: app-%[1]d
  template:
    metadata:
      labels:
        app.kubernetes.io/name: app-%[1]d
    spec:
      containers:
        - name: app
          image: registry.example/app:%[1]d
          ports: [{name: http, containerPort: 8080}]
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {cpu: 500m, memory: 256Mi}
`
	aService = `apiVersion: v1
kind: Service
metadata:
  name: app-%[1]d
spec:
  selector:
    app.kubernetes.io/name: app-%[1]d
  ports: [{name: http, port: 80, targetPort: http}]
`
	aConfigMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: app-%[1]d
data:
  key: value %[1]d
`
)

// manifestText is the text of a generated file: one document, or two in three of seven files.
func manifestText(number int) string {
	kinds := []string{aDeployment, aService, aConfigMap}
	text := fmt.Sprintf(kinds[number%3], number)
	if number%7 < 3 {
		text += "---\n" + fmt.Sprintf(kinds[(number+1)%3], number)
	}
	return text
}

// writeManifests writes the files, a hundred a folder.
func writeManifests(folder string) error {
	for number := range manifestFiles {
		team := filepath.Join(folder, fmt.Sprintf("team-%03d", number/100))
		if number%100 == 0 {
			if err := os.MkdirAll(team, 0o755); err != nil {
				return err
			}
		}
		file := filepath.Join(team, fmt.Sprintf("app-%05d.yaml", number))
		if err := os.WriteFile(file, []byte(manifestText(number)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// touchManifest changes one file to what no run before has seen.
func touchManifest(folder string) error {
	text := manifestText(0) + fmt.Sprintf("# %d\n", time.Now().UnixNano())
	return os.WriteFile(filepath.Join(folder, "team-000", "app-00000.yaml"), []byte(text), 0o644)
}
