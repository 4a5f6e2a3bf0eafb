package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/suppression"
	"github.com/esteira/esteira/pipelines/vulnerability"
)

// packageScan is what is scanned, and by which tools.
type packageScan struct {
	database, blocks, graph, build, osvScanner, syft, into string
}

func (s *packageScan) flags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.StringVar(&s.database, "database", "", "`folder` that `esteira security database` made")
	flags.StringVar(&s.blocks, "blocks", string(vulnerability.DefaultBlocks), "the least `severity` that blocks")
	flags.StringVar(&s.graph, "graph", "", "`file` with the graph of a Java build, in the trivial graph format")
	flags.StringVar(&s.build, "build", "", "`file` of the source that describes that build, such as pom.xml")
	flags.StringVar(&s.osvScanner, "osv-scanner", "osv-scanner", "osv-scanner's `executable`")
	flags.StringVar(&s.syft, "syft", "syft", "syft's `executable`")
	flags.StringVar(&s.into, "out", "", "`folder` for said.json and sbom.cdx.json")
	return flags
}

// scanFolder says what is known of the packages that a folder asks for. What keeps it from knowing is an error: a step that
// fails is not remembered.
func scanFolder(args []string, out io.Writer) error {
	var s packageScan
	var source string
	flags := s.flags("security scan")
	flags.StringVar(&source, "source", "", "`folder` to scan")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if source == "" || s.database == "" || s.into == "" {
		return usageError{errors.New("security scan: name the --source, the --database and the --out")}
	}
	c, err := s.open()
	if err != nil {
		return err
	}
	defer c.Database.Close()
	if err := s.catalog(c, "dir", source); err != nil {
		return err
	}
	tree := os.DirFS(source)
	if err := c.AddRequirements(tree); err != nil {
		return err
	}
	c.AddBuild()
	c.Lines = vulnerability.LinesIn(tree)
	if err := s.scanBill(c); err != nil {
		return err
	}
	switchedOff, err := suppression.Find(tree, suppression.Scanners)
	if err != nil {
		return err
	}
	return s.say(c, switchedOff, out)
}

// open reads the policy, the database and the graph.
func (s *packageScan) open() (*vulnerability.Case, error) {
	c := vulnerability.Case{Policy: vulnerability.Policy{Blocks: finding.Severity(s.blocks)}}
	if err := c.Policy.Check(); err != nil {
		return nil, usageError{err}
	}
	if s.graph != "" {
		graph, err := readFile(s.graph, vulnerability.ReadTGF)
		if err != nil {
			return nil, err
		}
		graph.DescribedBy(s.build)
		c.Graph = graph
	}
	database, err := vulnerability.Open(s.database)
	c.Database = database
	return &c, err
}

// catalog has syft find the packages, and writes its bill of materials.
func (s *packageScan) catalog(c *vulnerability.Case, kind, target string) error {
	target, err := filepath.Abs(target)
	if err != nil {
		return err
	}
	bill, err := filepath.Abs(filepath.Join(s.into, "sbom.cdx.json"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.into, 0o755); err != nil {
		return err
	}
	found, err := scanningTool{executable: s.syft}.run("scan", "--quiet", kind+":"+target, "--output=syft-json", "--output=cyclonedx-json="+bill)
	if err != nil {
		return err
	}
	c.Bill, err = vulnerability.ReadSyft(bytes.NewReader(found), c.Graph)
	return err
}

// scanBill has osv-scanner look up the packages, and the canaries beside them.
func (s *packageScan) scanBill(c *vulnerability.Case) error {
	packages := c.Versioned()
	canaries, err := vulnerability.Canaries(packages)
	if err != nil || len(canaries) == 0 {
		return err
	}
	if err := c.Database.Covers(packages); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "scan")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	billFile, canaryFile := filepath.Join(dir, "bill.cdx.json"), filepath.Join(dir, "canary.cdx.json")
	for file, packages := range map[string][]vulnerability.Package{billFile: packages, canaryFile: canaries} {
		if err := writeFileOf(file, func(w io.Writer) error { return vulnerability.WriteCycloneDX(w, packages) }); err != nil {
			return err
		}
	}
	output, err := s.lookUp("source", "--lockfile="+billFile, "--lockfile="+canaryFile)
	if err != nil {
		return err
	}
	return c.AddBill(output, billFile, canaryFile, canaries)
}

// lookUp runs osv-scanner on the database, with a configuration that switches nothing off. It exits with 1 where it found
// something; whatever it complains of makes all that it says worthless.
func (s *packageScan) lookUp(what string, args ...string) ([]byte, error) {
	home, err := os.MkdirTemp("", "osv")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(home)
	database, err := filepath.Abs(s.database)
	if err != nil {
		return nil, err
	}
	settings := filepath.Join(home, "osv-scanner.toml")
	if err := errors.Join(os.Symlink(database, filepath.Join(home, "osv-scanner")), os.WriteFile(settings, nil, 0o600)); err != nil {
		return nil, err
	}
	return scanningTool{executable: s.osvScanner}.run(append([]string{"scan", what, "--offline", "--local-db-path=" + home, "--config=" + settings,
		"--format=json", "--all-packages", "--verbosity=warn"}, args...)...)
}

// say writes what there is to say.
func (s *packageScan) say(c *vulnerability.Case, switchedOff []suppression.Place, out io.Writer) error {
	said := c.Said()
	said.Remarks = append(said.Remarks, suppression.Remarks(switchedOff)...)
	if err := writeFileOf(filepath.Join(s.into, "said.json"), said.Write); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "judged %d packages, %d remarks\n", said.Judged, len(said.Remarks))
	return err
}
