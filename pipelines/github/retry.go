package github

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	// limit is how long GitHub may take for one answer.
	limit = 30 * time.Second
	// tries is how often a request is sent again.
	tries = 4
	// defaultWait is what GitHub asks for where it limits requests and does not say how long.
	// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
	defaultWait = time.Minute
)

// idempotent are the methods whose requests may arrive twice.
var idempotent = []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete}

// retry sends requests again: what GitHub put off, since it did nothing; and what may arrive twice, where an answer is
// lost or is an error of the server.
type retry struct {
	again, once retryablehttp.RoundTripper
	// patience is the longest time that GitHub may put a request off. Beyond it the error says when to call again.
	patience time.Duration
}

func newRetry(sender *http.Client) *retry {
	r := &retry{patience: 2 * time.Minute}
	with := func(check retryablehttp.CheckRetry) *retryablehttp.Client {
		return &retryablehttp.Client{
			HTTPClient: sender, CheckRetry: check, Backoff: backoff, ErrorHandler: retryablehttp.PassthroughErrorHandler,
			RetryMax: tries, RetryWaitMin: 500 * time.Millisecond, RetryWaitMax: 8 * time.Second,
		}
	}
	r.once.Client = with(r.wasPutOff)
	r.again.Client = with(func(ctx context.Context, response *http.Response, err error) (bool, error) {
		if again, err := r.wasPutOff(ctx, response, err); again || err != nil {
			return again, err
		}
		if response != nil && response.StatusCode == http.StatusTooManyRequests {
			return false, nil // for longer than there is patience
		}
		return retryablehttp.DefaultRetryPolicy(ctx, response, err)
	})
	return r
}

// RoundTrip is an http.RoundTripper's.
func (r *retry) RoundTrip(request *http.Request) (*http.Response, error) {
	by := &r.once
	if slices.Contains(idempotent, request.Method) {
		by = &r.again
	}
	response, err := by.RoundTrip(request)
	if response != nil && response.StatusCode < http.StatusBadRequest {
		// Without it go-github refuses the next request by itself, where we would wait.
		response.Header.Del("X-RateLimit-Reset")
	}
	return response, err
}

func (r *retry) wasPutOff(ctx context.Context, response *http.Response, _ error) (bool, error) {
	if ctx.Err() != nil || response == nil {
		return false, ctx.Err()
	}
	wait, putOff := limited(response)
	return putOff && wait <= r.patience, nil
}

// backoff doubles, unless GitHub says how long.
func backoff(shortest, longest time.Duration, attempt int, response *http.Response) time.Duration {
	if response != nil {
		if wait, putOff := limited(response); putOff {
			return wait
		}
	}
	return retryablehttp.DefaultBackoff(shortest, longest, attempt, nil)
}

// limited says whether GitHub put a request off, and for how long.
func limited(response *http.Response) (wait time.Duration, putOff bool) {
	if response.StatusCode != http.StatusForbidden && response.StatusCode != http.StatusTooManyRequests {
		return 0, false
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	reset, err := strconv.ParseInt(response.Header.Get("X-RateLimit-Reset"), 10, 64)
	if err == nil && response.Header.Get("X-RateLimit-Remaining") == "0" {
		// GitHub counts whole seconds.
		return max(0, time.Until(time.Unix(reset+1, 0))), true
	}
	return defaultWait, response.StatusCode == http.StatusTooManyRequests
}
