package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esteira/esteira/pipelines/apiserver"
)

// kubernetes is a real API server on this machine, of the cluster's version. Nothing runs in it.
type kubernetes struct {
	// host is its address on this machine, kubeconfig how others reach it.
	host       string
	kubeconfig []byte
}

// theCluster is the one that tests share.
var theCluster = sync.OnceValues(newCluster)

// newCluster is one of its own. It ends when all tests do.
func newCluster() (*kubernetes, error) {
	programs := apiserver.Programs{Etcd: filepath.Join(repository, "out/bin/etcd"), APIServer: filepath.Join(repository, "out/bin/kube-apiserver")}
	server, err := apiserver.Start(context.Background(), programs, 2*time.Minute)
	if err != nil {
		return nil, fmt.Errorf("%w: `make stages` builds both into out/bin", err)
	}
	running.Lock()
	running.clusters = append(running.clusters, server)
	running.Unlock()
	kubeconfig, err := server.Kubeconfig()
	_, rest, _ := strings.Cut(string(kubeconfig), "server: https://")
	host, _, _ := strings.Cut(rest, "\n")
	return &kubernetes{strings.TrimSpace(host), kubeconfig}, err
}

func (c *kubernetes) port() string { _, port, _ := net.SplitHostPort(c.host); return port }

// flags are those of a call that reaches it.
func (c *kubernetes) flags(t *testing.T) []string {
	t.Helper()
	return []string{"--server=tcp://" + c.host, "--kubeconfig=" + secret(t, c.as("kubernetes:"+c.port()))}
}

// as is a kubeconfig with another address of the server.
func (c *kubernetes) as(host string) string {
	return strings.Replace(string(c.kubeconfig), "server: https://"+c.host, "server: https://"+host, 1)
}

// reachable is a kubeconfig with an address that containers reach. The certificate is for another name.
func (c *kubernetes) reachable(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(ownAddress(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go pass(connection, c.host)
		}
	}()
	address := listener.Addr().String()
	return strings.Replace(c.as(address), "server: https://"+address, "server: https://"+address+"\n    tls-server-name: kubernetes", 1)
}

// pass hands what comes over a connection to an address, and back.
func pass(connection net.Conn, address string) {
	defer connection.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, connection) // either end may hang up
		server.Close()
	}()
	_, _ = io.Copy(connection, server)
}

// kubectl plays whoever writes to the cluster: it is told an object, and what it is to become.
type kubectl struct {
	t                   *testing.T
	program, kubeconfig string
}

func (c *kubernetes) kubectl(t *testing.T) kubectl {
	t.Helper()
	return kubectl{t, tool(t, "kubectl"), write(t, filepath.Join(t.TempDir(), "kubeconfig"), string(c.kubeconfig))}
}

func (k kubectl) run(input string, args ...string) string {
	k.t.Helper()
	command := exec.Command(k.program, append(args, "--kubeconfig="+k.kubeconfig)...)
	command.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	said, err := command.Output()
	if err != nil {
		k.t.Fatalf("kubectl %s: %v\n%s", args, err, &stderr)
	}
	return strings.TrimSpace(string(said))
}

// apply makes objects, as somebody.
func (k kubectl) apply(as string, objects ...any) {
	k.t.Helper()
	for _, object := range objects {
		text, err := json.Marshal(object)
		if err != nil {
			k.t.Fatal(err)
		}
		k.run(string(text), "apply", "--server-side", "--force-conflicts", "--field-manager="+as, "--filename=-")
	}
}

// status is what a controller says of an object.
func (k kubectl) status(object, namespace string, status map[string]any, more ...string) {
	k.t.Helper()
	text, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		k.t.Fatal(err)
	}
	k.run("", append([]string{"patch", object, "--namespace=" + namespace, "--type=merge", "--patch=" + string(text)}, more...)...)
}

// Argo CD comes into a cluster by one call, and a second one changes nothing; what cannot be is an error that says what, and why.
func TestArgocdInstall(t *testing.T) {
	t.Parallel()
	c, err := theCluster()
	if err != nil {
		t.Fatal(err)
	}
	install := func(source string, flags ...string) outcome {
		return call(t, append([]string{"argocd", "--source=" + source, "install"}, flags...)...)
	}
	folder := workspace(t)
	write(t, filepath.Join(folder, "argocd/kustomization.yaml"), "resources: [it.yaml]\n")
	deployment := func(label string) {
		write(t, filepath.Join(folder, "argocd/it.yaml"), `apiVersion: apps/v1
kind: Deployment
metadata: {name: it, namespace: default}
spec:
  selector: {matchLabels: {app: it}}
  template:
    metadata: {labels: {app: `+label+`}}
    spec: {containers: [{name: it, image: it}]}
`)
	}
	deployment("it")
	install(folder, append(c.flags(t), "--wait=1s")...).fails(t, "Deployment/it does not run within 1s")
	deployment("other")
	install(folder, c.flags(t)...).fails(t, `The Deployment "it" is invalid`, "`selector` does not match template `labels`")
	install(folder, "--kubeconfig="+secret(t, "{")).fails(t, "the cluster does not answer", "error loading config")
	install(folder, "--kubeconfig="+secret(t, c.as(net.JoinHostPort(ownAddress(t), "1")))).fails(t, "the cluster does not answer", "refused")
	install(folder, append(c.flags(t), "--folder=nowhere")...).fails(t, "nothing is rendered from nowhere")

	all := filepath.Join(repository, "k8s")
	var objects, made int
	for _, again := range []bool{false, true} {
		last := lastLine(install(all, append(c.flags(t), "--wait=0s")...).passes(t))
		if _, err := fmt.Sscanf(last, "%d objects are installed, %d made or changed", &objects, &made); err != nil || objects < 50 || again && made != 0 || !again && made != objects {
			t.Errorf("again: %t: %q, %v", again, last, err)
		}
		if !strings.Contains(last, "left to Argo CD, which installs their kinds: ExternalSecret, SecretStore") {
			t.Errorf("%q", last)
		}
	}
	k := c.kubectl(t)
	if applications := k.run("", "get", "applications", "--namespace=argocd", "--output=name"); !strings.Contains(applications, "iris-prod") {
		t.Errorf("the applications are %s", applications)
	}
	watched(t, c, k)
}

// object is a tree of a manifest.
type object = map[string]any

// What is promoted is followed in the cluster: until it is healthy, until the time is over, and until it is taken back, which is
// then written to Git.
func watched(t *testing.T, c *kubernetes, k kubectl) {
	t.Helper()
	o := newOrigin(t)
	call(t, append([]string{"argocd", "--source=" + filepath.Join(repository, "k8s"), "install", "--folder=parts", "--wait=0s"}, c.flags(t)...)...).passes(t)
	k.apply("test", object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": "iris-staging"}})
	deploy := func(as, suffix, digest string) {
		t.Helper()
		name := "api-gateway" + suffix
		k.apply(as, object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": name, "namespace": "iris-staging"},
			"spec": object{"selector": object{"matchLabels": object{"workload": name}}, "template": object{
				"metadata": object{"labels": object{"workload": name}},
				"spec":     object{"containers": []object{{"name": "api-gateway", "image": "example.com/api-gateway@" + digest}}}}}})
		k.status("deployment/"+name, "iris-staging", object{"observedGeneration": generation(k, name), "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}, "--subresource=status")
	}
	flagger := func(phase, message string) {
		t.Helper()
		at := time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339)
		k.status("canary/api-gateway", "iris-staging", object{"phase": phase, "canaryWeight": 0, "failedChecks": 0, "iterations": 0, "lastAppliedSpec": phase, "lastTransitionTime": at,
			"conditions": []object{{"type": "Promoted", "status": "Unknown", "reason": phase, "message": message, "lastUpdateTime": at, "lastTransitionTime": at}}}, "--subresource=status")
	}
	synced := func() {
		t.Helper()
		k.status("application/iris-staging", "argocd", object{"sync": object{"status": "Synced", "revision": o.git(t, "rev-parse", "main"),
			"comparedTo": object{"destination": object{}, "source": object{"repoURL": ""}}}, "health": object{"status": "Healthy"}})
	}
	watch := func(flags ...string) outcome {
		t.Helper()
		return o.call(t, o.password, append(append([]string{"watch", "--environment=staging", "--application=iris-staging"}, c.flags(t)...), flags...)...)
	}
	first, second := "sha256:"+strings.Repeat("a1", 32), "sha256:"+strings.Repeat("b2", 32)
	k.apply("argocd", object{"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": object{"name": "api-gateway", "namespace": "iris-staging"},
		"spec": object{"targetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api-gateway"}, "service": object{"port": 80},
			"analysis": object{"interval": "15s", "threshold": 4, "stepWeights": []int{10, 50, 100}}}})

	o.stage(t, first)
	deploy("argocd", "", first)
	deploy("flagger", "-primary", first)
	flagger("Succeeded", "done")
	synced()
	// Who only looks needs neither a remote nor a name.
	call(t, append([]string{"promotion", "--source=" + o.clone(t), "watch", "--environment=staging", "--application=iris-staging"}, c.flags(t)...)...).passes(t)

	o.stage(t, second)
	deploy("argocd", "", second)
	flagger("Progressing", "10 %")
	synced()
	watch("--limit=3s").fails(t, "set 2 of staging is undecided", "3s are over", "canary api-gateway: Progressing")

	flagger("Failed", "Canary analysis failed")
	before := o.git(t, "rev-parse", "main")
	watch("--write-back", "--owner=java-team").fails(t, "set 2 of staging is rolled back", "Canary analysis failed")
	set := o.git(t, "show", "main:k8s/overlays/staging/release.yaml")
	if o.git(t, "rev-parse", "main^") != before || !strings.Contains(set, "sequence: 3") || !strings.Contains(set, first) || !strings.Contains(set, "owner: java-team") {
		t.Errorf("the remote has\n%s", set)
	}
}

func generation(k kubectl, name string) json.Number {
	return json.Number(k.run("", "get", "deployment/"+name, "--namespace=iris-staging", "--output=jsonpath={.metadata.generation}"))
}

// stage brings an image of the gateway to staging, and returns the digest of the set.
func (o origin) stage(t *testing.T, digest string) string {
	t.Helper()
	return o.bring(t, fmt.Sprintf(`{"images": {"api-gateway": {"digest": %q, "version": "main-1", "source": %q}}}`, digest, o.git(t, "rev-parse", "main")),
		fmt.Sprintf(`[{"digest": %q, "verified": true}]`, digest))
}

// bring brings a candidate to staging, and returns the digest of the set.
func (o origin) bring(t *testing.T, candidate, verifications string) string {
	t.Helper()
	dir, files := o.clone(t), t.TempDir()
	said := esteira(t.Context(), t, []string{"HOME=" + files}, "promotion", "promote", "--repository="+dir, "--to=staging",
		"--candidate="+write(t, filepath.Join(files, "candidate.json"), candidate), "--verifications="+write(t, filepath.Join(files, "verifications.json"), verifications),
		"--author=Robot <robot@localhost>").passes(t)
	push(t, dir)
	return setOf(t, said)
}
