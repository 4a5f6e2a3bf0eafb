package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/vulnerability"
)

// packDatabase downloads the records of vulnerabilities, or takes those of a folder, and writes down what they are.
func packDatabase(args []string, out io.Writer) error {
	var address, ecosystems, records, into string
	var limit time.Duration
	flags := flag.NewFlagSet("security database", flag.ContinueOnError)
	flags.StringVar(&address, "url", vulnerability.Published, "`address` with ECOSYSTEM/all.zip below it")
	flags.StringVar(&ecosystems, "ecosystems", strings.Join(vulnerability.DefaultEcosystems, ","), "`names` of the ecosystems to download, with commas")
	flags.StringVar(&records, "records", "", "`folder` with ECOSYSTEM/all.zip or ECOSYSTEM/*.json, instead of a download")
	flags.DurationVar(&limit, "timeout", 20*time.Minute, "how long the download may `take`")
	flags.StringVar(&into, "out", "", "`folder` for the database")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	if into == "" || address == "" || ecosystems == "" {
		return usageError{errors.New("security database: name the --url, the --ecosystems and the --out")}
	}
	database, err := makeDatabase(address, ecosystems, records, into, limit)
	if err != nil {
		return err
	}
	for _, e := range database.Ecosystems {
		fmt.Fprintf(out, "%-12s %7d records, sha256:%s\n", e.Name, e.Records, e.SHA256)
	}
	_, err = fmt.Fprintf(out, "%s, of %s\n", database.Source, database.Made.Format(time.RFC3339))
	return err
}

func makeDatabase(address, ecosystems, records, into string, limit time.Duration) (vulnerability.Database, error) {
	if records == "" {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		return vulnerability.Download(ctx, http.DefaultClient, address, strings.Split(ecosystems, ","), into)
	}
	// A folder that was packed elsewhere is as old as it says, and no younger for being packed again.
	made := time.Now()
	if old, err := readFile(filepath.Join(records, vulnerability.ManifestFile), vulnerability.ReadDatabase); err == nil {
		made = old.Made
	} else if !errors.Is(err, os.ErrNotExist) {
		return vulnerability.Database{}, err
	}
	return vulnerability.PackRecords(records, into, made)
}
