package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/esteira/esteira/pipelines/config"
	"github.com/esteira/esteira/pipelines/cost"
	"github.com/esteira/esteira/pipelines/cost/planned"
	"github.com/esteira/esteira/pipelines/cost/policy"
	"github.com/esteira/esteira/pipelines/cost/prices"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/tfplan"
	places "github.com/esteira/esteira/pipelines/tfplan/source"
)

// judgeCost writes what planned environments cost, and what of that is against the policy. It succeeds whatever they cost,
// and whatever the price books are worth: said.json tells.
func judgeCost(args []string, out io.Writer) error {
	var plans, books, base, policies, day, into string
	flags := flag.NewFlagSet("terraform cost", flag.ContinueOnError)
	flags.StringVar(&plans, "planned", "", "`folder` that `esteira terraform plan` made")
	flags.StringVar(&books, "source", "", "`folder` of the Terraform code, with the price books in prices/")
	flags.StringVar(&base, "base", "", "the same `folder` before the change, whose price books are compared")
	flags.StringVar(&policies, "policy", "", "`folder` with the esteira.yaml whose section cost says what it may cost")
	flags.StringVar(&day, "today", time.Now().UTC().Format(time.DateOnly), "the `day` on which it is judged how old prices are")
	flags.StringVar(&into, "out", "", "`folder` for said.json and cost.json")
	if done, err := parse(flags, args, nil, out); done || err != nil {
		return err
	}
	today, err := time.Parse(time.DateOnly, day)
	switch {
	case plans == "" || books == "" || into == "":
		return usageError{errors.New("terraform cost: name the --planned, the --source and the --out")}
	case err != nil:
		return usageError{fmt.Errorf("terraform cost: --today is %q: write a day, such as 2026-11-30", day)}
	}
	wanted, place, err := costPolicy(policies)
	if err != nil {
		return err
	}
	estimate, err := estimate(plans, books, wanted)
	if err == nil && base != "" {
		estimate.BookChanges, err = bookChanges(base, books)
	}
	if err != nil {
		return err
	}
	said := cost.Judge(estimate, wanted, place, today)
	fmt.Fprintf(out, "estimated %d environments, %d remarks\n", len(estimate.Environments), len(said.Remarks))
	return errors.Join(
		writeFileOf(filepath.Join(into, "cost.json"), estimate.Write),
		writeFileOf(filepath.Join(into, "said.json"), said.Write),
	)
}

// costPolicy is what a folder's esteira.yaml asks of costs, and where in it the fields are; nothing where it does not say.
func costPolicy(folder string) (wanted policy.Policy, place func(field string) finding.Location, err error) {
	const name = "esteira.yaml"
	place = func(string) finding.Location { return finding.Location{File: name} }
	if folder == "" {
		return wanted, place, nil
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return wanted, place, nil
	}
	if err != nil {
		return wanted, place, err
	}
	read, err := config.Parse(name, text)
	if err != nil || read.Cost == nil {
		return wanted, place, err
	}
	return *read.Cost, func(field string) finding.Location {
		return finding.Location{File: name, Line: config.Line(text, "cost."+field)}
	}, nil
}

// estimate prices all roots. Books that cannot be meant are its faults, and nothing is priced by them.
func estimate(plans, source string, wanted policy.Policy) (cost.Estimate, error) {
	read, faults, err := readBooks(source)
	if err != nil {
		return cost.Estimate{}, err
	}
	all, pricing := byRegion(read, wanted)
	if all.Faults = append(all.Faults, faults...); len(all.Faults) > 0 {
		return all, nil
	}
	index, err := readFile(filepath.Join(plans, tfplan.IndexFile), tfplan.ReadIndex)
	if err != nil {
		return all, err
	}
	tree := places.New(os.DirFS(source))
	for _, root := range index.Roots {
		environment, err := priceRoot(pricing, plans, root, index.Against != tfplan.Nothing)
		var fault *prices.Error
		if errors.As(err, &fault) {
			return cost.Estimate{Currency: all.Currency, Books: all.Books, Faults: []finding.Finding{bookFault(fault)}}, nil
		}
		if err != nil {
			return all, fmt.Errorf("%s: %w", root.Path, err)
		}
		all.Environments = append(all.Environments, placed(environment, tree))
	}
	return all, nil
}

// byRegion begins an estimate by price books: each has a region of its own, and all have the policy's currency.
func byRegion(books []*prices.Book, wanted policy.Policy) (cost.Estimate, cost.Pricing) {
	all := cost.Estimate{Currency: wanted.Currency, Environments: []cost.Environment{}}
	pricing := cost.Pricing{Books: map[string]*prices.Book{}, Policy: wanted}
	for _, book := range books {
		wrong := func(format string, values ...any) {
			all.Faults = append(all.Faults, bookFault(&prices.Error{File: book.File, Line: 1, Reason: fmt.Sprintf(format, values...)}))
		}
		if all.Currency = cmp.Or(all.Currency, book.Currency); book.Currency != all.Currency {
			wrong("BillingCurrency is %q: what it is compared with is in %q", book.Currency, all.Currency)
		}
		if other := pricing.Books[book.Region]; other != nil {
			wrong("Region is %q: %s has its prices already", book.Region, other.File)
		}
		pricing.Books[book.Region] = book
		all.Books = append(all.Books, cost.BookOf(book))
	}
	return all, pricing
}

// priceRoot prices one root. Compared says that it was planned against what there was.
func priceRoot(pricing cost.Pricing, plans string, root tfplan.Root, compared bool) (cost.Environment, error) {
	if root.Failed != "" {
		return cost.Environment{Path: root.Path, Failed: root.Failed, Resources: []cost.Cost{}}, nil
	}
	plan, err := readFile(filepath.Join(plans, root.Plan), tfplan.Read)
	if err != nil {
		return cost.Environment{}, err
	}
	return pricing.Environment(root.Path, planned.Changes(plan), compared)
}

// placed has the places of the resources that are unpriced, as far as they are found.
func placed(environment cost.Environment, tree *places.Tree) cost.Environment {
	for i := range environment.Resources {
		resource := &environment.Resources[i]
		if !slices.ContainsFunc(resource.After, func(line cost.Line) bool { return line.Unpriced != "" }) {
			continue
		}
		if place, err := tree.Find(environment.Path, resource.Address, ""); err == nil {
			resource.Location = place.Location
		}
	}
	return environment
}

// readBooks reads the price books of a Terraform folder, and says what in them cannot be meant.
func readBooks(source string) (books []*prices.Book, faults []finding.Finding, err error) {
	files, err := filepath.Glob(filepath.Join(source, "prices", "*.json"))
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		book, err := prices.Read("prices/"+filepath.Base(file), text)
		for _, fault := range prices.Errors(err) {
			faults = append(faults, bookFault(fault))
		}
		if err == nil {
			books = append(books, book)
		}
	}
	return books, faults, nil
}

func bookFault(fault *prices.Error) finding.Finding {
	return finding.Finding{
		Tool: "esteira cost", Rule: cost.RulePriceBook, Severity: finding.High, Message: fault.Reason,
		Location: finding.Location{File: fault.File, Line: fault.Line},
	}.Identified()
}

// bookChanges are the prices that differ between two Terraform folders.
func bookChanges(base, source string) ([]string, error) {
	before, _, err := readBooks(base)
	if err != nil {
		return nil, err
	}
	after, _, err := readBooks(source)
	if err != nil {
		return nil, err
	}
	return prices.Changes(before, after), nil
}
