package main

import (
	"context"
	"net"
	"net/http"
	"time"
)

// engineAnswers says whether the engine behind a socket serves requests, within
// the time given. A dead one refuses the connection at once; a stopped one
// accepts it and stays silent.
//
// The request carries no client's credentials, so that the engine refuses it:
// any answer shows that it reads and writes.
func engineAnswers(ctx context.Context, socket string, limit time.Duration) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: limit}
	return answers(ctx, &client, "http://engine/")
}

func answers(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// eventually asks until there is an answer, the process is gone, or the time is up.
func eventually(ctx context.Context, limit time.Duration, alive func() bool, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := ask(ctx)
		if err == nil || !alive() {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
