package apiserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
)

// parallel is how many requests are under way at once.
const parallel = 8

// client speaks to one API server, as its administrator.
type client struct {
	http           *http.Client
	address, token string

	mutex     sync.Mutex
	resources map[string]map[string]resource // by apiVersion and kind
}

// resource is where the objects of a kind are found.
type resource struct {
	Name       string
	Kind       string
	Namespaced bool
}

func newClient(address, token string) *client {
	return &client{address: address, token: token, http: http.DefaultClient}
}

// trust makes the client believe the certificate of a file, and no other.
func (c *client) trust(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s: no certificate", file)
	}
	c.http = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: parallel,
	}}
	return nil
}

func (c *client) ready(ctx context.Context) bool {
	_, err := c.do(ctx, http.MethodGet, "/readyz", "", nil)
	return err == nil
}

// answer is what the server said to a request that it granted.
type answer struct {
	body     []byte
	warnings []string
}

// do sends a request. The error of one that the server refused is a *Refusal.
func (c *client) do(ctx context.Context, method, path, contentType string, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.address+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json")
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return answer{}, readRefusal(response.StatusCode, text)
	}
	return answer{text, warnings(response.Header)}, nil
}

// find looks up a kind. It is not found where the server has no such group, version or kind.
func (c *client) find(ctx context.Context, apiVersion, kind string) (resource, bool, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	known, listed := c.resources[apiVersion]
	if !listed {
		var err error
		if known, err = c.list(ctx, apiVersion); err != nil {
			return resource{}, false, err
		}
		c.resources[apiVersion] = known
	}
	found, exists := known[kind]
	return found, exists, nil
}

// forget makes the client ask again what kinds there are.
func (c *client) forget() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.resources = map[string]map[string]resource{}
}

// list is the kinds of a group's version, none where the server does not have it.
func (c *client) list(ctx context.Context, apiVersion string) (map[string]resource, error) {
	kinds := map[string]resource{}
	said, err := c.do(ctx, http.MethodGet, apiPath(apiVersion), "", nil)
	if refused, is := err.(*Refusal); is && refused.Code == http.StatusNotFound {
		return kinds, nil
	}
	if err != nil {
		return nil, err
	}
	var found struct{ Resources []resource }
	if err := json.Unmarshal(said.body, &found); err != nil {
		return nil, fmt.Errorf("%s: %w", apiPath(apiVersion), err)
	}
	for _, each := range found.Resources {
		if !strings.Contains(each.Name, "/") { // no subresource
			kinds[each.Kind] = each
		}
	}
	return kinds, nil
}

// apply applies a document server-side: for real, or as a dry run.
func (c *client) apply(ctx context.Context, document Document, to resource, dry bool) ([]string, error) {
	query := url.Values{"fieldManager": {"esteira"}, "force": {"true"}, "fieldValidation": {"Strict"}}
	if dry {
		query.Set("dryRun", "All")
	}
	said, err := c.do(ctx, http.MethodPatch, objectPath(document, to)+"?"+query.Encode(), "application/apply-patch+yaml", document.Content)
	return said.warnings, err
}

// apiPath is where a group's version is.
func apiPath(apiVersion string) string {
	if strings.Contains(apiVersion, "/") {
		return "/apis/" + apiVersion
	}
	return "/api/" + apiVersion
}

// objectPath is where an object is.
func objectPath(document Document, in resource) string {
	path := apiPath(document.Object.APIVersion)
	if in.Namespaced {
		path += "/namespaces/" + url.PathEscape(document.namespace())
	}
	return path + "/" + in.Name + "/" + url.PathEscape(document.Object.Name)
}
