package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/esteira/esteira/pipelines/cost/prices"
	"github.com/esteira/esteira/pipelines/cost/retail"
)

// refreshPrices asks the public API for the prices of a book's meters. The book is written when all are there, or not at all.
func refreshPrices(args []string, out io.Writer) error {
	var file, address, day string
	patience := retail.Patient
	flags := flag.NewFlagSet("prices refresh", flag.ContinueOnError)
	flags.StringVar(&address, "api", retail.Address, "`address` of the Azure Retail Prices API")
	flags.StringVar(&day, "today", time.Now().UTC().Format(time.DateOnly), "the `day` that the prices are of")
	flags.DurationVar(&patience.Request, "timeout", patience.Request, "`time` for one request")
	flags.DurationVar(&patience.Delay, "delay", patience.Delay, "`time` before a request is tried again; it doubles")
	if done, err := parse(flags, args, &file, out); done || err != nil {
		return err
	}
	today, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return usageError{fmt.Errorf("prices refresh: --today is %q: write a day, such as 2026-11-30", day)}
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	book, err := prices.Read(file, old)
	if err != nil {
		return err
	}
	client, err := retail.New(address, patience)
	if err != nil {
		return usageError{fmt.Errorf("prices refresh: %w", err)}
	}
	fresh, err := client.Refresh(context.Background(), book, today)
	if err != nil {
		return fmt.Errorf("%s is left as it was: %w", file, err)
	}
	var text bytes.Buffer
	if err := fresh.Write(&text); err != nil {
		return err
	}
	if _, err := prices.Read(address, text.Bytes()); err != nil {
		return fmt.Errorf("%s is left as it was: what was fetched is no book: %w", file, err)
	}
	if err := replaceFile(file, text.Bytes()); err != nil {
		return err
	}
	changes := prices.Changes([]*prices.Book{book}, []*prices.Book{fresh})
	for _, change := range changes {
		fmt.Fprintln(out, change)
	}
	_, err = fmt.Fprintf(out, "%s has %d prices of %s, %d of them changed\n", file, len(fresh.Items), day, len(changes))
	return err
}

// replaceFile writes a file beside the old one and puts it in its place, so that nobody ever reads half of it.
func replaceFile(name string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // it is gone where all went well
	_, err = file.Write(text)
	if err := errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
