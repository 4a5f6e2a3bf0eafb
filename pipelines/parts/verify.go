package parts

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// maxBytes is more than any manifest has.
	maxBytes = 32 << 20
	// patience is how long one address may take, with all its redirects.
	patience = 2 * time.Minute
	// atOnce is how many addresses are asked at the same time.
	atOnce = 4
)

// Answer is what the address of a manifest gives.
type Answer struct {
	Part     string
	Manifest Manifest
	// SHA256 is that of the content; empty where Err says why there is none.
	SHA256 string
	Err    error
}

// Good says whether the address gives what was pinned.
func (a Answer) Good() bool { return a.Err == nil && a.SHA256 == a.Manifest.SHA256.Value }

// String is the answer in a line.
func (a Answer) String() string {
	switch m := a.Manifest; {
	case a.Err != nil:
		return fmt.Sprintf("unknown   %s: line %d: %v", a.Part, m.Address.Line, a.Err)
	case !a.Good():
		return fmt.Sprintf("differs   %s: line %d: %s has the SHA-256 %s, want %s", a.Part, m.SHA256.Line, m.Address, a.SHA256, m.SHA256)
	default:
		return fmt.Sprintf("same      %s: %s", a.Part, m.Address)
	}
}

// Client asks addresses by the environment's proxies, and follows redirects to nothing but https.
func Client() *http.Client {
	return &http.Client{CheckRedirect: func(to *http.Request, via []*http.Request) error {
		if to.URL.Scheme != "https" || len(via) > 5 {
			return fmt.Errorf("it leads to %s after %d redirects: want https, and fewer", to.URL, len(via))
		}
		return nil
	}}
}

// Verify asks each address, and answers in the order of the file.
func (p Pins) Verify(ctx context.Context, client *http.Client) []Answer {
	var answers []Answer
	for _, part := range p.Parts {
		for _, manifest := range part.Manifests {
			answers = append(answers, Answer{Part: part.Name.Value, Manifest: manifest})
		}
	}
	var waiting sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range answers {
		waiting.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			answers[i].SHA256, answers[i].Err = fetch(ctx, client, answers[i].Manifest.Address.Value)
		})
	}
	waiting.Wait()
	return answers
}

// fetch is the SHA-256 of what an address gives.
func fetch(ctx context.Context, client *http.Client, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s", address, response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBytes+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", address, err)
	case len(content) > maxBytes:
		return "", fmt.Errorf("%s gives more than %d MiB: that is no manifest", address, maxBytes>>20)
	case len(content) == 0:
		return "", fmt.Errorf("%s gives nothing", address)
	}
	return hash(content), nil
}
