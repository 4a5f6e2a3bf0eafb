package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	// manifestFiles are generated, with manifestObjects in them.
	manifestFiles   = 35_000
	manifestObjects = 50_000
)

// manifests is kubeconform over many files, as a stage and bare. Both read the files in the engine, by the same schemas;
// handing the files over is measured apart and left out of both.
func manifests(ctx context.Context, b *bench) ([]line, error) {
	folder := filepath.Join(b.work, "manifests")
	if err := writeManifests(folder); err != nil {
		return nil, err
	}
	stage := b.dagger(ctx, "call", "manifests", "--source", folder, "kubeconform", "check")
	if err := passed(stage); err != nil {
		return nil, err
	}
	handed := func(ctx context.Context) (time.Duration, error) {
		return timed(func() error { return inTurn(b.dagger(ctx, "core", "host", "directory", "--path", folder, "digest")) })
	}
	// alone is a call over a changed folder, without the time that handing it over takes.
	alone := func(name string, args ...string) side {
		return side{name, func(ctx context.Context) (time.Duration, error) {
			if err := touchManifest(folder); err != nil {
				return 0, err
			}
			handing, err := handed(ctx)
			if err != nil {
				return 0, err
			}
			taken, err := timed(func() error {
				return passed(b.dagger(ctx, append([]string{"call", "manifests", "--source", folder}, args...)...))
			})
			return taken - handing, err
		}}
	}
	ours, theirs, err := sideBySide(ctx, 3, alone("manifests kubeconform", "kubeconform", "check"), alone("bare kubeconform", "bare-kubeconform"))
	if err != nil {
		return nil, err
	}
	handing, err := handed(ctx)
	if err != nil {
		return nil, err
	}
	same, err := timed(func() error { return passed(b.dagger(ctx, "call", "manifests", "validate", "check")) })
	if err == nil {
		same, err = timed(func() error { return passed(b.dagger(ctx, "call", "manifests", "validate", "check")) })
	}
	return []line{
		{what: fmt.Sprintf("kubeconform, %d objects", manifestObjects), unit: "s", esteira: ours, bare: theirs, target: []limit{{1.15, 0}}},
		{what: fmt.Sprintf("handing over %d files", manifestFiles), unit: "s", esteira: handing.Seconds()},
		{what: "manifests validate, no change", unit: "s", esteira: same.Seconds(), target: []limit{{0, 2}}},
	}, err
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
