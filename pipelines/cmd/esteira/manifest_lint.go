package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/manifest/lint"
	"github.com/esteira/esteira/pipelines/report"
)

// linting is what a tool is run over.
type linting struct {
	source, rendered, parts, schemas, release, output string
	index                                             manifest.Index
}

// flags are those that the commands share; a plain folder is not rendered.
func (l *linting) flags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.StringVar(&l.source, "source", "", "`folder` with the manifests")
	flags.StringVar(&l.rendered, "rendered", "", "`folder` that `esteira manifest render` made")
	flags.StringVar(&l.parts, "parts", "", "`folder` with third-party manifests, whose CustomResourceDefinitions count too")
	flags.StringVar(&l.schemas, "schemas", "", "`folder` that `esteira manifest schemas` made")
	flags.StringVar(&l.release, "release", "", "Kubernetes' `version`, such as 1.36.3")
	flags.StringVar(&l.output, "out", "", "`file` for what the tool says")
	return flags
}

func (l *linting) read() (err error) {
	if l.output == "" || l.release == "" || l.source == "" && l.rendered == "" {
		return usageError{errors.New("name the --source or the --rendered, the --release and the --out")}
	}
	if l.rendered != "" {
		l.index, err = readFile(filepath.Join(l.rendered, "index.json"), manifest.ReadIndex)
	}
	return err
}

// root is the one whose stream is in a file, by its path in the folder of what was rendered.
func (l *linting) root(file string) manifest.Root {
	for _, root := range l.index.Roots {
		if root.Stream == file {
			return root
		}
	}
	return manifest.Root{}
}

// definitions are the folders that may define custom resources.
func (l *linting) definitions() []fs.FS {
	var folders []fs.FS
	for _, folder := range []string{l.parts, l.rendered} {
		if folder != "" {
			folders = append(folders, os.DirFS(folder))
		}
	}
	return folders
}

// runKubeconform judges every object that was rendered by its schema; where nothing was rendered, every file of the source.
func runKubeconform(args []string, out io.Writer) error {
	var l linting
	if done, err := parse(l.flags("manifest kubeconform"), args, nil, out); done || err != nil {
		return err
	}
	if err := l.read(); err != nil {
		return err
	}
	conformed, err := l.kubeconform(l.definitions())
	uncovered := func(r manifest.Remark) bool { return r.Rule == manifest.RuleUncovered }
	if err == nil && l.rendered == "" && slices.ContainsFunc(conformed.Remarks, uncovered) {
		conformed, err = l.kubeconform(append(l.definitions(), os.DirFS(l.source)))
	}
	if err != nil {
		return err
	}
	return l.write(conformed, nil)
}

// kubeconform judges by the schemas of Kubernetes and of what is defined.
func (l *linting) kubeconform(definitions []fs.FS) (lint.Conformed, error) {
	custom, err := customSchemas(l.schemas, l.release, definitions)
	if err != nil {
		return lint.Conformed{}, err
	}
	defer os.RemoveAll(custom)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a third less time, where there are tens of thousands of objects
	conform := lint.Kubeconform{Release: l.release, Schemas: []string{l.schemas, custom}, Root: func(file string) string { return l.root(file).Path }}
	if l.rendered != "" {
		return conform.Judge(l.rendered, l.streams())
	}
	files, err := plainFiles(l.source)
	if err != nil {
		return lint.Conformed{}, err
	}
	conform.Root = func(file string) string { return file }
	return conform.Judge(l.source, files)
}

// plainFiles are all manifests of a folder, without what is about manifests and none itself.
func plainFiles(folder string) (files []string, err error) {
	err = fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "policy.yaml" || name == "parts.yaml" {
			return err
		}
		switch strings.ToLower(filepath.Ext(name)) {
		case ".yaml", ".yml", ".json":
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

// streams are those of the roots that have one.
func (l *linting) streams() []string {
	var files []string
	for _, root := range l.index.Roots {
		if root.Stream != "" {
			files = append(files, root.Stream)
		}
	}
	return files
}

// runKubeval judges every object that was rendered by its schema, and says where kubeconform sees it otherwise.
func runKubeval(args []string, out io.Writer) error {
	var l linting
	var compare string
	flags := l.flags("manifest kubeval")
	flags.StringVar(&compare, "compare", "", "`file` with what kubeconform says")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if err := l.read(); err != nil {
		return err
	}
	custom, err := customSchemas(l.schemas, l.release, l.definitions())
	if err != nil {
		return err
	}
	defer os.RemoveAll(custom)
	arguments := append([]string{
		"--strict", "--ignore-missing-schemas", "--output=json", "--kubernetes-version=" + l.release,
		"--schema-location=file://" + l.schemas, "--additional-schema-locations=file://" + custom,
	}, l.streams()...)
	if len(l.streams()) == 0 {
		return l.write(lint.Conformed{}, nil)
	}
	output, err := tool(l.rendered, "kubeval", arguments)
	if err != nil {
		return err
	}
	conformed, err := lint.Kubeval(output, l.root)
	if err != nil || compare == "" {
		return errors.Join(err, l.write(conformed, nil))
	}
	said, err := readFile(compare, manifest.ReadSaid)
	if err != nil {
		return err
	}
	return l.write(conformed, lint.Disagreements(conformed.Remarks, said.Remarks))
}

// runKubeScore judges what each applied root puts into a cluster as a whole. What third parties made is theirs to mend.
func runKubeScore(args []string, out io.Writer) error {
	var l linting
	if done, err := parse(l.flags("manifest kube-score"), args, nil, out); done || err != nil {
		return err
	}
	if err := l.read(); err != nil {
		return err
	}
	minor := "v" + strings.Join(strings.SplitN(l.release, ".", 3)[:2], ".")
	var all lint.Conformed
	for _, root := range l.index.Roots {
		if !root.Applied || root.Stream == "" {
			continue
		}
		output, err := tool(l.rendered, "kube-score", []string{
			"score", "--output-format=json", "--kubernetes-version=" + minor,
			"--disable-ignore-checks-annotations", "--disable-optional-checks-annotations", root.Stream,
		})
		if err != nil {
			return err
		}
		scored, err := lint.KubeScore(output, root.Path)
		if err != nil {
			return fmt.Errorf("%s: %w", root.Path, err)
		}
		all.Judged += scored.Judged
		all.Remarks = append(all.Remarks, ours(root, scored.Remarks)...)
		all.Skipped += len(scored.Remarks)
	}
	var notes []string
	if theirs := all.Skipped - len(all.Remarks); theirs > 0 {
		notes = append(notes, fmt.Sprintf("%d remarks about third-party objects are left out: they are for their makers to mend", theirs))
	}
	all.Skipped = 0
	return l.write(all, notes)
}

// ours are the remarks about objects that the source's own files describe. What a kustomization names by an address is said
// to come from the line that names it.
func ours(root manifest.Root, remarks []manifest.Remark) []manifest.Remark {
	theirs := map[manifest.Object]bool{}
	for _, object := range root.Objects {
		name := filepath.Base(object.Source.File)
		theirs[object.Object] = strings.TrimSuffix(strings.ToLower(name), filepath.Ext(name)) == "kustomization"
	}
	return slices.DeleteFunc(slices.Clone(remarks), func(r manifest.Remark) bool { return theirs[r.Object] })
}

// tool runs a tool that finds fault by its exit code, and returns what it printed. One that printed nothing broke down.
func tool(folder, name string, args []string) ([]byte, error) {
	command := exec.Command(name, args...)
	command.Dir, command.Env = folder, append(os.Environ(), "GOGC=400")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || stdout.Len() == 0 {
		return nil, fmt.Errorf("%s: %v: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

func (l *linting) write(conformed lint.Conformed, notes []string) error {
	said := manifest.Said{Remarks: conformed.Remarks, Judged: conformed.Judged, Notes: notes}
	if said.Remarks == nil {
		said.Remarks = []manifest.Remark{}
	}
	said.Facts = []report.Fact{{Name: "objects", Value: fmt.Sprint(conformed.Judged)}}
	if n := conformed.Skipped; n > 0 {
		said.Undecided = fmt.Sprintf("%d objects were skipped", n)
	}
	for _, r := range said.Remarks {
		if r.Root == "" {
			said.Undecided = r.Tool + ": " + r.Message
		}
	}
	said.Remarks = slices.DeleteFunc(said.Remarks, func(r manifest.Remark) bool { return r.Root == "" })
	return writeFileOf(l.output, said.Write)
}
