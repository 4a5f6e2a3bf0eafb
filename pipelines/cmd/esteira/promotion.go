package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"

	clone "github.com/esteira/esteira/pipelines/git"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// promoting are the flags that all of `esteira promotion` have.
type promoting struct {
	*flag.FlagSet
	repository, branch, remote, author, now, file string
	// commits says, once the arguments are parsed, whether a name for a commit is needed.
	commits func() bool
}

func newPromoting(name string) *promoting {
	p := &promoting{FlagSet: flag.NewFlagSet("promotion "+name, flag.ContinueOnError), commits: func() bool { return false }}
	p.StringVar(&p.repository, "repository", ".", "`folder` of the Git work tree, with all of its history")
	p.StringVar(&p.branch, "branch", "main", "`branch` that the cluster follows")
	p.StringVar(&p.remote, "remote", "", "`remote` whose branch is read and moved, such as origin; none means the clone's own")
	p.StringVar(&p.now, "now", "", "the `time`, such as 2026-11-27T02:30:00Z; none means by the clock")
	p.StringVar(&p.file, "json", "", "`file` for the same as JSON")
	return p
}

// committing adds the flags of what commits.
func (p *promoting) committing() *promoting {
	p.StringVar(&p.author, "author", "", "who commits, as `NAME <ADDRESS>`; none means as Git is configured")
	p.commits = func() bool { return true }
	return p
}

// call parses the arguments, and says in whose name and when it is.
func (p *promoting) call(args []string, out io.Writer) (w promotion.Workspace, done bool, err error) {
	if done, err := parse(p.FlagSet, args, nil, out); done || err != nil {
		return w, done, err
	}
	ctx := context.Background()
	w = promotion.Workspace{Branch: p.branch, Remote: p.remote, Now: time.Now().UTC().Truncate(time.Second)}
	if p.now != "" {
		if w.Now, err = p.time("now", p.now); err != nil {
			return w, false, err
		}
	}
	if w.Repository, err = clone.Open(ctx, p.repository); err != nil {
		return w, false, err
	}
	if !p.commits() {
		return w, false, nil
	}
	if p.author == "" {
		w.Author, err = w.Repository.Configured(ctx)
		return w, false, err
	}
	address, err := mail.ParseAddress(p.author)
	if err != nil {
		return w, false, p.wrong("--author is %q: write NAME <ADDRESS>", p.author)
	}
	w.Author = clone.Identity{Name: address.Name, Email: address.Address}
	return w, false, nil
}

// wrong is an error about the call.
func (p *promoting) wrong(format string, args ...any) error {
	return usageError{fmt.Errorf(p.Name()+": "+format, args...)}
}

func (p *promoting) time(flag, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, p.wrong("--%s is %q: write a time such as 2026-11-27T02:30:00Z", flag, text)
	}
	return at.UTC(), nil
}

// tell prints a result for a person, and writes it as JSON where that is asked for.
func (p *promoting) tell(out io.Writer, text string, result any) error {
	_, err := io.WriteString(out, strings.TrimSuffix(text, "\n")+"\n")
	if err != nil {
		return err
	}
	return writeJSONFile(p.file, result)
}

// told is tell for what a move came to.
func (p *promoting) told(out io.Writer, outcome release.Outcome, err error) error {
	if err != nil {
		return err
	}
	return p.tell(out, outcome.Words, outcome)
}

// list is a flag that may be there several times.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	if value == "" {
		return errors.New("it is empty")
	}
	*l = append(*l, value)
	return nil
}
