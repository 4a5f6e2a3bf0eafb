package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// answering is how long the API server may take for one answer.
const answering = 10 * time.Second

// Cluster is a Kubernetes API server, and who asks it.
type Cluster struct {
	http    *http.Client
	address *url.URL
}

// Refusal is what the API server says to a request that it does not grant.
type Refusal struct {
	Code    int
	Message string
}

func (r *Refusal) Error() string { return r.Message }

// denied says that asking again will not help: who asks is unknown, or has not the permission that the message names.
func (r *Refusal) denied() bool {
	return r.Code == http.StatusUnauthorized || r.Code == http.StatusForbidden
}

// get reads what is at a path.
func (c Cluster) get(ctx context.Context, into any, path ...string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address.JoinPath(path...).String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return readRefusal(response.StatusCode, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", request.URL.Path, err)
	}
	return nil
}

// readRefusal reads Kubernetes' Status; what stands between may answer anything.
func readRefusal(code int, text []byte) *Refusal {
	var said struct{ Message string }
	if json.Unmarshal(text, &said) != nil || said.Message == "" {
		said.Message = http.StatusText(code)
	}
	return &Refusal{code, fmt.Sprintf("%s (%d)", said.Message, code)}
}

// list is what a list of the API has.
type list[T any] struct{ Items []T }

// look reads an application and what it has brought: canaries and Deployments of its namespace. A cluster without Flagger has
// no canaries.
func (c Cluster) look(ctx context.Context, namespace, name string) (state, error) {
	var s state
	if err := c.get(ctx, &s.application, "apis/argoproj.io/v1alpha1/namespaces", namespace, "applications", name); err != nil {
		return s, err
	}
	into := s.application.Spec.Destination.Namespace
	if into == "" {
		return s, fmt.Errorf("application %s says no namespace in spec.destination", name)
	}
	var canaries list[canary]
	err := c.get(ctx, &canaries, "apis/flagger.app/v1beta1/namespaces", into, "canaries")
	var refused *Refusal
	if err != nil && (!errors.As(err, &refused) || refused.Code != http.StatusNotFound) {
		return s, err
	}
	var deployments list[deployment]
	err = c.get(ctx, &deployments, "apis/apps/v1/namespaces", into, "deployments")
	s.canaries, s.deployments = canaries.Items, deployments.Items
	return s, err
}
