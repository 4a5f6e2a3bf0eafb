package rollout

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/esteira/esteira/pipelines/apiserver"
	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/parts"
)

// scratch is a folder that all tests share, running the servers that they started.
var (
	scratch string
	running []*apiserver.Server
)

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "rollout"); err != nil {
		panic(err)
	}
	code := m.Run()
	for _, server := range running {
		server.Stop()
	}
	if err := os.RemoveAll(scratch); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// trial is a real API server that knows the kinds of Argo CD and Flagger, as k8s/parts.yaml pins them.
var trial = sync.OnceValues(func() (*apiserver.Server, error) {
	ctx := context.Background()
	var programs apiserver.Programs
	for name, file := range map[string]*string{"etcd": &programs.Etcd, "kube-apiserver": &programs.APIServer} {
		found, err := exec.LookPath(name)
		if err != nil {
			return nil, fmt.Errorf("%w: `make unit` builds it into out/bin, which has to be in the PATH", err)
		}
		*file = found
	}
	started, err := apiserver.Start(ctx, programs, 2*time.Minute)
	if err != nil {
		return nil, err
	}
	running = append(running, started)
	documents, err := definitions(ctx)
	if err != nil {
		return nil, err
	}
	remarks, err := started.Try(ctx, documents, nil)
	if len(remarks) > 0 {
		return nil, fmt.Errorf("%v", remarks)
	}
	return started, err
})

// definitions are the kinds of Argo CD and Flagger.
func definitions(ctx context.Context) ([]apiserver.Document, error) {
	text, err := os.ReadFile("../../k8s/parts.yaml")
	if err != nil {
		return nil, err
	}
	pins, err := parts.Read("parts.yaml", text)
	if err != nil {
		return nil, err
	}
	var wanted []parts.Part
	for _, part := range pins.Parts {
		if part.Name.Value == "argo-cd" || part.Name.Value == "flagger" {
			wanted = append(wanted, part)
		}
	}
	pins.Parts = wanted
	modules, err := parts.Download(ctx, pins.Modules())
	if err != nil {
		return nil, err
	}
	folder, err := pins.Local(modules, scratch)
	if err != nil {
		return nil, err
	}
	var documents []apiserver.Document
	for _, names := range folder.Files {
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(scratch, name))
			if err != nil {
				return nil, err
			}
			for _, document := range strings.Split(string(text), "\n---\n") {
				if !strings.Contains(document, "\nkind: CustomResourceDefinition\n") {
					continue
				}
				content, err := yaml.YAMLToJSON([]byte(document))
				if err != nil {
					return nil, err
				}
				var read struct{ Metadata struct{ Name string } }
				if err := json.Unmarshal(content, &read); err != nil {
					return nil, err
				}
				object := manifest.Object{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: read.Metadata.Name}
				documents = append(documents, apiserver.Document{Root: name, Object: object, Content: content})
			}
		}
	}
	return documents, nil
}

// connected is the cluster, by a kubeconfig whose user is changed as a test wants.
func connected(t *testing.T, as string) Cluster {
	t.Helper()
	up, err := trial()
	if err != nil {
		t.Fatal(err)
	}
	text, err := up.Kubeconfig()
	if err != nil {
		t.Fatal(err)
	}
	if as != "" {
		text = bytes.Replace(text, []byte("    token:"), []byte("    as: "+as+"\n    token:"), 1)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cluster, err := Connect(file, "")
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// send asks the API server for a change, as its administrator.
func (w *world) send(method, path, contentType string, body any) []byte {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	path, query, _ := strings.Cut(path, "?")
	address := w.cluster.address.JoinPath(path)
	address.RawQuery = query
	request, err := http.NewRequest(method, address.String(), bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	answer, err := w.cluster.http.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %s %v: %s", method, path, answer.Status, err, said)
	}
	return said
}

// object is a tree of a manifest.
type object = map[string]any

// apply makes an object, or what it changes of it, as somebody.
func (w *world) apply(as, path string, body object) {
	w.t.Helper()
	w.send(http.MethodPatch, path+"?force=true&fieldManager="+as, "application/apply-patch+yaml", body)
}

// status patches what controllers write.
func (w *world) status(path string, status object) {
	w.t.Helper()
	w.send(http.MethodPatch, path, "application/merge-patch+json", object{"status": status})
}
