package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/esteira/esteira/pipelines/integration"
	"github.com/esteira/esteira/pipelines/report"
)

// testIntegration asks a deployed service whether it does what was promised.
func testIntegration(args []string, out io.Writer) error {
	var base, health, metrics, output, record, set, page string
	target := integration.Target{Client: &http.Client{Timeout: 10 * time.Second}}
	flags := flag.NewFlagSet("promotion integration-tests", flag.ContinueOnError)
	flags.StringVar(&base, "url", "", "`URL` of the gateway")
	flags.StringVar(&health, "health-url", "", "`URL` that /health/live and /health/ready are below; none means the gateway's")
	flags.StringVar(&metrics, "metrics-url", "", "`URL` of the inference service's metrics; none leaves them out")
	flags.StringVar(&target.ModelVersion, "model-version", "", "`version` of the model that was promised")
	flags.StringVar(&target.ModelSHA256, "model-sha256", "", "its `digest`, in hexadecimal digits")
	flags.DurationVar(&target.Budget, "budget", 300*time.Millisecond, "`time` that 95 of 100 predictions may take at most, as seen from here")
	flags.IntVar(&target.Requests, "requests", 50, "`number` of predictions of which that is measured")
	flags.StringVar(&output, "json", "", "`file` for the run, as JSON")
	flags.StringVar(&record, "record", "", "`file` for what `esteira promotion record` takes; needs --set and --run")
	flags.StringVar(&set, "set", "", "`digest` of the set that is tested")
	flags.StringVar(&page, "run", "", "`URL` where the run can be looked up")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	wrong := func(reason string) error { return usageError{errors.New(flags.Name() + ": " + reason)} }
	switch {
	case base == "":
		return wrong("name the --url of the gateway")
	case record != "" && (set == "" || page == ""):
		return wrong("a --record says which --set was tested and where its --run can be looked up")
	case target.Budget <= 0 || target.Requests < 1:
		return wrong("--budget and --requests have to be more than nothing")
	}
	for text, into := range map[*string]**url.URL{&base: &target.Base, &health: &target.Health, &metrics: &target.Metrics} {
		if *text == "" {
			continue
		}
		address, err := url.Parse(*text)
		if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
			return wrong("an address begins with http:// or https://: " + *text)
		}
		*into = address
	}
	if target.Health == nil {
		target.Health = target.Base
	}
	run := target.Run(context.Background(), time.Now())
	return tellTests(out, run, output, record, integration.Record(run, set, page))
}

// tellTests prints a run, writes it and what is recorded of it, and is an error where it is red.
func tellTests(out io.Writer, run report.Run, output, record string, tests any) error {
	if err := run.Text(out, false); err != nil {
		return err
	}
	if output != "" {
		if err := writeFileOf(output, run.JSON); err != nil {
			return err
		}
	}
	if record != "" {
		if err := writeResult(record, tests, out); err != nil {
			return err
		}
	}
	return run.Err()
}
