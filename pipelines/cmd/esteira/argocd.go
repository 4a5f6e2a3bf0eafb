package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/esteira/esteira/pipelines/apiserver"
	"github.com/esteira/esteira/pipelines/argocd"
)

// establishing is how long a server may take until it has the kinds that were defined.
const establishing = time.Minute

// installation is a cluster into which Argo CD is installed, and how it is reached.
type installation struct {
	kubectl, kubeconfig, context string
	out                          io.Writer
	objects, changed             int
}

// installArgocd applies what Argo CD's folder renders to, server-side, definitions first, and waits until it runs. Called
// again it changes nothing.
func installArgocd(args []string, out io.Writer) error {
	i := installation{out: out}
	var rendered, root string
	var wait time.Duration
	flags := flag.NewFlagSet("argocd install", flag.ContinueOnError)
	flags.StringVar(&rendered, "rendered", "", "`folder` that `esteira manifest render` made")
	flags.StringVar(&root, "root", "argocd", "`folder` of Argo CD's kustomization, among those that were rendered")
	flags.StringVar(&i.kubectl, "kubectl", "kubectl", "kubectl's `executable`")
	flags.StringVar(&i.kubeconfig, "kubeconfig", "", "`file` that says how the cluster is reached, by who may do everything in it")
	flags.StringVar(&i.context, "context", "", "`name` of the kubeconfig's context; none means its current one")
	flags.DurationVar(&wait, "wait", 5*time.Minute, "`time` after which Argo CD has to run; 0 does not wait for that")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if rendered == "" || i.kubeconfig == "" {
		return usageError{errors.New("argocd install: name the --rendered and the --kubeconfig")}
	}
	documents, err := readDocuments(rendered)
	if err != nil {
		return err
	}
	plan, err := argocd.Plan(documents, root)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if err := i.install(ctx, plan, wait); err != nil {
		return err
	}
	left := ""
	if len(plan.Left) > 0 {
		left = fmt.Sprintf("; %d are left to Argo CD, which installs their kinds: %s", len(plan.Left), strings.Join(argocd.Kinds(plan.Left), ", "))
	}
	_, err = fmt.Fprintf(out, "%d objects are installed, %d made or changed%s\n", i.objects, i.changed, left)
	return err
}

func (i *installation) install(ctx context.Context, plan argocd.Installation, wait time.Duration) error {
	if _, err := i.run(ctx, "get", "--raw=/readyz", "--request-timeout=20s"); err != nil {
		return fmt.Errorf("the cluster does not answer: %w", err)
	}
	if err := i.apply(ctx, plan.First); err != nil {
		return err
	}
	if err := i.established(ctx, plan.First); err != nil {
		return err
	}
	if err := i.apply(ctx, plan.Then); err != nil {
		return err
	}
	if wait == 0 {
		return nil
	}
	return i.runs(ctx, plan.Then, wait)
}

// apply applies documents, and counts those that are not what they were before.
func (i *installation) apply(ctx context.Context, documents []apiserver.Document) error {
	if len(documents) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "install")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "list.json")
	text, err := argocd.List(documents)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	before, err := i.versions(ctx, "get", "--ignore-not-found", "--filename="+file)
	if err != nil {
		return err
	}
	after, err := i.versions(ctx, "apply", "--server-side", "--force-conflicts", "--filename="+file)
	if err != nil {
		return err
	}
	i.objects += len(after)
	i.changed += after.Since(before)
	return nil
}

func (i *installation) versions(ctx context.Context, args ...string) (argocd.Versions, error) {
	said, err := i.run(ctx, append(args, "--output=json")...)
	if err != nil {
		return nil, err
	}
	return argocd.ReadVersions(said)
}

// established waits until the server has the kinds of definitions.
func (i *installation) established(ctx context.Context, documents []apiserver.Document) error {
	args := []string{"wait", "--for=condition=Established", "--timeout=" + establishing.String()}
	ctx, cancel := context.WithTimeout(ctx, establishing)
	defer cancel()
	names := 0
	for _, document := range documents {
		if document.Object.Kind == "CustomResourceDefinition" {
			args = append(args, "customresourcedefinition/"+document.Object.Name)
			names++
		}
	}
	if names == 0 {
		return nil
	}
	for {
		_, err := i.run(ctx, args...)
		// Of a definition that the server has not looked at yet, kubectl cannot read the conditions, and waits no longer.
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "conditions accessor error") {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// runs waits until all Deployments and StatefulSets do.
func (i *installation) runs(ctx context.Context, documents []apiserver.Document, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for _, document := range documents {
		object := document.Object
		if object.Kind != "Deployment" && object.Kind != "StatefulSet" {
			continue
		}
		left := max(time.Until(deadline), time.Second).Round(time.Second)
		if _, err := i.run(ctx, "rollout", "status", "--namespace="+object.Namespace, "--timeout="+left.String(), object.Kind+"/"+object.Name); err != nil {
			return fmt.Errorf("%s does not run within %s: %w", object, wait, err)
		}
	}
	return nil
}

// run is what kubectl prints. What it warns of is told.
func (i *installation) run(ctx context.Context, args ...string) ([]byte, error) {
	args = append(args, "--kubeconfig="+i.kubeconfig)
	if i.context != "" {
		args = append(args, "--context="+i.context)
	}
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, i.kubectl, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("kubectl %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	_, err := io.Copy(i.out, &stderr)
	return stdout.Bytes(), err
}
