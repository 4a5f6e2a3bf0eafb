package manifest_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/manifest"
)

const (
	baseApp = `# The application.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: app
          image: app
`
	patchApp = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 3
`
	renderedApp = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  namespace: dev
spec:
  replicas: 3
  template:
    spec:
      containers:
      - image: proxy
        name: proxy
      - image: app
        name: app
`
)

func sources() *manifest.Sources {
	object := manifest.Object{APIVersion: "apps/v1", Kind: "Deployment", Name: "app", Namespace: "dev"}
	root := func(path string) manifest.Root {
		return manifest.Root{
			Path: path, Stream: "streams/" + path + ".yaml", Files: []string{path + "/kustomization.yaml", path + "/patch.yaml", "base/app.yaml"},
			Objects: []manifest.Rendered{{Object: object, Line: 1, Source: finding.Location{File: "base/app.yaml", Line: 2}}},
		}
	}
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	rendered := fstest.MapFS{"streams/dev.yaml": file(renderedApp), "streams/prod.yaml": file(renderedApp)}
	source := fstest.MapFS{"base/app.yaml": file(baseApp), "dev/patch.yaml": file(patchApp), "prod/patch.yaml": file(patchApp)}
	return manifest.NewSources(manifest.Index{Roots: []manifest.Root{root("dev"), root("prod")}}, rendered, source)
}

func TestPlace(t *testing.T) {
	t.Parallel()
	app := manifest.Object{Kind: "Deployment", Name: "app"}
	for _, test := range []struct {
		name   string
		remark manifest.Remark
		want   string
		exact  bool
	}{
		{"the object", manifest.Remark{Object: app}, "base/app.yaml:2", false},
		{"a field of the base", manifest.Remark{Object: app, Field: "spec.template.spec.containers[1].image"}, "base/app.yaml:12", true},
		{"by name", manifest.Remark{Object: app, Field: "spec.template.spec.containers.[name=app].image"}, "base/app.yaml:12", true},
		{"by pointer", manifest.Remark{Object: app, Field: "/spec/template/spec/containers/1/image"}, "base/app.yaml:12", true},
		{"what is not there", manifest.Remark{Object: app, Field: "spec.template.spec.containers[1].resources"}, "base/app.yaml:11", false},
		{"a field of the patch", manifest.Remark{Object: app, Field: "spec.replicas"}, "dev/patch.yaml:6", true},
		{"a line of the stream", manifest.Remark{Line: 7}, "dev/patch.yaml:6", true},
		{"an item of the stream", manifest.Remark{Line: 13}, "base/app.yaml:12", true},
		{"nobody's object", manifest.Remark{Object: manifest.Object{Kind: "Job", Name: "gone"}}, "dev/kustomization.yaml:1", false},
		{"a field that breaks off", manifest.Remark{Object: app, Field: "spec[[.x"}, "dev/patch.yaml:5", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.remark.Root = "dev"
			got, err := sources().Place(manifest.Said{Remarks: []manifest.Remark{test.remark}})
			if err != nil {
				t.Fatal(err)
			}
			if at := got.Places[0]; at.Location.String() != test.want || at.Exact != test.exact {
				t.Errorf("%s, exact %v, want %s, %v", at.Location, at.Exact, test.want, test.exact)
			}
		})
	}
}

func TestPlaceOnce(t *testing.T) {
	t.Parallel()
	app := manifest.Object{Kind: "Deployment", Name: "app"}
	got, err := sources().Place(manifest.Said{Remarks: []manifest.Remark{
		{Root: "dev", Object: app, Message: "bad", Severity: finding.Info}, {Root: "prod", Object: app, Message: "bad", Severity: finding.High},
		{Root: "prod", Object: app, Message: "worse"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Places) != 2 || !slices.Equal(got.Places[0].Roots, []string{"dev", "prod"}) {
		t.Errorf("%+v, want two, the first of dev and prod", got.Places)
	}
	if severity := got.Remarks[0].Severity; severity != finding.High {
		t.Errorf("in one root it is high, and in both %s", severity)
	}
	if _, err := sources().Place(manifest.Said{Remarks: []manifest.Remark{{Root: "elsewhere"}}}); err == nil {
		t.Error("a remark about what was not rendered is no error")
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("spec.containers[0].image", 3)
	f.Add("/spec/containers/0", 0)
	f.Fuzz(func(t *testing.T, field string, line int) {
		remark := manifest.Remark{Root: "dev", Object: manifest.Object{Kind: "Deployment", Name: "app"}, Field: field, Line: line}
		if _, err := sources().Place(manifest.Said{Remarks: []manifest.Remark{remark}}); err != nil {
			t.Error(err)
		}
	})
}
