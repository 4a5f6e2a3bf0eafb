package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/esteira/esteira/pipelines/drift"
)

// judgeDrift compares what a model is asked in service with its card. It succeeds whatever the verdict is: its stage
// tells.
func judgeDrift(args []string, out io.Writer) error {
	var card, model, metrics, before, variant, policy, output string
	flags := flag.NewFlagSet("drift", flag.ContinueOnError)
	flags.StringVar(&card, "card", "", "`file` with the model's card, as JSON")
	flags.StringVar(&model, "model", "", "`file` with the ONNX model, which carries its card")
	flags.StringVar(&metrics, "metrics", "", "`file` with what the service's /metrics answered")
	flags.StringVar(&before, "before", "", "`file` with what it answered earlier: only what came since is compared")
	flags.StringVar(&variant, "variant", "champion", "`name` of the variant that serves the model")
	flags.StringVar(&policy, "policy", "", "`file` with the policy, as YAML or JSON, over the default one")
	flags.StringVar(&output, "output", "", "`folder` for stage.json and verdict.json")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if (card == "") == (model == "") || metrics == "" || output == "" {
		return usageError{errors.New("drift: name the --card or the --model, the --metrics and the --output")}
	}
	rules := drift.DefaultPolicy()
	if err := readPolicy(policy, &rules, func() error { return rules.Check() }); err != nil {
		return err
	}
	trained, identity, err := readCard(card, model)
	if err != nil {
		return err
	}
	counts, err := readCounts(metrics, before, variant)
	if err != nil {
		return err
	}
	verdict, err := drift.Judge(rules, trained, counts)
	if err != nil {
		return err
	}
	verdict.SHA256 = identity
	return writeVerdict(out, output, verdict.Stage(), verdict)
}

// readCard reads the card of a file, or the one in a model and that model's identity.
func readCard(card, model string) (drift.Card, string, error) {
	file, read := card, drift.ParseCard
	if model != "" {
		file, read = model, drift.CardOf
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return drift.Card{}, "", err
	}
	trained, err := read(content)
	if err != nil {
		return drift.Card{}, "", fmt.Errorf("%s: %w", file, err)
	}
	if model == "" {
		return trained, "", nil
	}
	sum := sha256.Sum256(content)
	return trained, hex.EncodeToString(sum[:]), nil
}

// readCounts reads what was counted, or what was counted since an earlier time.
func readCounts(metrics, before, variant string) (drift.Counts, error) {
	read := func(reader io.Reader) (drift.Counts, error) { return drift.ReadCounts(reader, variant) }
	counts, err := readFile(metrics, read)
	if err != nil || before == "" {
		return counts, err
	}
	earlier, err := readFile(before, read)
	if err != nil {
		return counts, err
	}
	return counts.Since(earlier)
}
