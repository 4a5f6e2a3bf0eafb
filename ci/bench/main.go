// Command bench measures Esteira side by side with what a team would do without it, in one run on one machine, and
// holds the figures against their targets.
//
// How to read the table: "esteira" is the dagger call, "bare" the plain tools doing the same work in a chroot of Debian,
// with the same JDK and Maven as the stage uses. A figure is the median of several runs that took turns (A B A B …), after
// one each that does not count; the cold ones are run once. "ratio" is esteira / bare. The bare build runs no coverage,
// the stage does: that is extra on our side. The gate is measured without Dagger: our command against a script with
// pandas, scikit-learn and statsmodels, in a chroot of Debian with Python. So is the serving of predictions: our service
// against MLflow's, both in such a chroot, with the same model, the same number of workers and the same load. The large
// plan is our packages alone, in one process; so are the diff of a promotion and a rollback, with Git.
//
// The exit code is 1 only if something could not be measured. A target that is not met is said in the table.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// row is something that is measured. It may fill several lines of the table.
type row struct {
	name    string
	measure func(context.Context, *bench) ([]line, error)
}

// rows are in the order in which they run: the cold one makes the bare system that the others use.
var rows = []row{
	{"cold", cold},
	{"unchanged", unchanged},
	{"changed", changed},
	{"size", size},
	{"start", start},
	{"gate", gate},
	{"serving", serving},
	{"manifests", manifests},
	{"terraform", terraform},
	{"tfplan", tfplan},
	{"promotion", promotion},
	{"pull-request", pullRequest},
	{"runner", runner},
}

func main() {
	runs := flag.Int("cold", 1, "how often to measure the cold `runs`; 0 leaves them out")
	only := flag.String("only", "", "measure this `row` alone: cold, unchanged, changed, size, start, gate, serving, manifests, terraform, tfplan, promotion, pull-request or runner")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *runs, *only)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, coldRuns int, only string) error {
	b, err := newBench(coldRuns)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	facts, err := machine()
	if err != nil {
		return err
	}
	fmt.Print(facts)
	var lines []line
	var failed error
	for _, r := range rows {
		if only != "" && only != r.name || (r.name == "cold" || r.name == "runner") && coldRuns == 0 {
			continue
		}
		measured, err := r.measure(ctx, b)
		if err != nil {
			failed, measured = errors.Join(failed, fmt.Errorf("%s could not be measured: %w", r.name, err)), nil
		}
		lines = append(lines, measured...)
		if ctx.Err() != nil {
			return failed
		}
	}
	if len(lines) == 0 {
		return cmp.Or(failed, fmt.Errorf("there is no row %q to measure", only))
	}
	versions, err := b.versions(ctx)
	if err != nil {
		return errors.Join(failed, err)
	}
	return errors.Join(failed, publish(filepath.Join(b.repository, "out/bench/bench.md"), facts+versions+"\n"+table(lines)))
}

// publish prints a page and writes it.
func publish(path, page string) error {
	fmt.Print("\n", page)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte("# Esteira, measured\n\n"+page), 0o644)
}
