package tests

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// cloud imitates what a plan reads of Azure: tokens for an OIDC token, a state in a container of blobs, and resources. It is
// a proxy, so that the tools ask the addresses that they always ask.
type cloud struct {
	address string // of the proxy
	trust   string // file with the certificate that it shows
	state   []byte
	// resources are what there is, by their ids.
	resources map[string]map[string]any

	mu      sync.Mutex
	expired bool
	asked   []string // METHOD HOST, of everything but tokens
}

// hostsOfAzure are those that it answers for.
var hostsOfAzure = []string{"login.microsoftonline.com", "management.azure.com", "esteirastate.blob.core.windows.net"}

// imitateAzure starts one that has what a state says.
func imitateAzure(t *testing.T, state []byte) *cloud {
	t.Helper()
	a := &cloud{state: state, resources: resourcesOf(t, state)}
	certificate := a.certify(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.address = "http://" + listener.Addr().String()
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go a.connect(connection, certificate)
		}
	}()
	return a
}

// resourcesOf are the resources of a state as Azure would answer them.
func resourcesOf(t *testing.T, text []byte) map[string]map[string]any {
	t.Helper()
	var state struct {
		Resources []struct {
			Instances []struct {
				Attributes struct {
					ID, Name, Type, Location string
					Tags                     map[string]string
					Body, Output             struct{ Value any }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]any{}
	for _, resource := range state.Resources {
		for _, instance := range resource.Instances {
			a := instance.Attributes
			kind, _, _ := strings.Cut(a.Type, "@")
			answer := map[string]any{"id": a.ID, "name": a.Name, "type": kind, "location": a.Location, "tags": a.Tags}
			for _, part := range []any{a.Body.Value, a.Output.Value} {
				values, _ := part.(map[string]any)
				for name, value := range values {
					answer[name] = value
				}
			}
			all[a.ID] = answer
		}
	}
	return all
}

// certify makes a certificate for the hosts, and the file of it.
func (a *cloud) certify(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: hostsOfAzure, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	a.trust = write(t, filepath.Join(workspace(t), "azure.pem"), string(text))
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}
}

// connect serves one connection through the proxy.
func (a *cloud) connect(connection net.Conn, certificate tls.Certificate) {
	defer connection.Close()
	request, err := http.ReadRequest(bufio.NewReader(connection))
	if err != nil || request.Method != http.MethodConnect {
		return
	}
	fmt.Fprint(connection, "HTTP/1.1 200 OK\r\n\r\n")
	secured := tls.Server(connection, &tls.Config{Certificates: []tls.Certificate{certificate}})
	reader := bufio.NewReader(secured)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		status, body := a.answer(request)
		if _, err := fmt.Fprintf(secured, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
			status, http.StatusText(status), len(body)); err != nil {
			return
		}
		if request.Method != http.MethodHead {
			_, _ = secured.Write(body)
		}
	}
}

// emptyContainer is the list of a container's blobs, without any.
const emptyContainer = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Prefix/><Blobs></Blobs><NextMarker/></EnumerationResults>`

func (a *cloud) answer(request *http.Request) (int, []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	host := request.Host
	if !strings.HasPrefix(host, "login.") {
		a.asked = append(a.asked, request.Method+" "+host)
	}
	switch {
	case strings.HasPrefix(host, "login."):
		return a.authenticate(request)
	case strings.Contains(host, ".blob.") && request.URL.Query().Get("restype") == "container":
		return http.StatusOK, []byte(emptyContainer)
	case strings.Contains(host, ".blob."):
		return http.StatusOK, a.state
	}
	resource, known := a.resources[request.URL.Path]
	if !known {
		return http.StatusNotFound, []byte(`{"error": {"code": "ResourceNotFound", "message": "it is not there"}}`)
	}
	return http.StatusOK, encoded(resource)
}

// authenticate gives a token for one, unless that has expired.
func (a *cloud) authenticate(request *http.Request) (int, []byte) {
	const login = "https://login.microsoftonline.com"
	switch {
	case strings.HasSuffix(request.URL.Path, "openid-configuration"):
		return http.StatusOK, encoded(map[string]any{
			"issuer": login + "/own/v2.0", "token_endpoint": login + "/own/token", "authorization_endpoint": login + "/own/authorize",
		})
	case strings.Contains(request.URL.Path, "discovery/instance"):
		return http.StatusOK, encoded(map[string]any{"tenant_discovery_endpoint": login + "/own/v2.0/.well-known/openid-configuration"})
	case a.expired && strings.HasPrefix(request.URL.Path, "/own/"):
		return http.StatusUnauthorized, encoded(map[string]any{
			"error": "invalid_client", "error_description": "AADSTS700024: Client assertion is not within its valid time range.",
		})
	}
	return http.StatusOK, encoded(map[string]any{"access_token": "e30.e30.x", "token_type": "Bearer", "expires_in": 3600})
}

func encoded(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// planningBench is what planning takes outside of an engine: our command, OpenTofu behind a proxy, and the mirror.
type planningBench struct{ command, tool, mirror, source string }

func newPlanningBench(t *testing.T) planningBench {
	t.Helper()
	dir := workspace(t)
	b := planningBench{command: filepath.Join(dir, "esteira"), tool: filepath.Join(dir, "tofu"), mirror: filepath.Join(dir, "mirror"), source: filepath.Join(dir, "source")}
	for name, file := range map[string]string{"tofu": b.tool, "terraform-provider-azapi": filepath.Join(dir, "provider")} {
		call(t, "toolbox", "tool", "--name="+name, "export", "--path="+file).passes(t)
	}
	command(t, nil, "go", "build", "-C", repository, "-o", b.command, "./pipelines/cmd/esteira")
	command(t, nil, b.command, "terraform", "mirror", "--provider="+filepath.Join(dir, "provider"), "--out="+b.mirror)
	for _, part := range []string{"environments/dev", "modules"} {
		if err := os.CopyFS(filepath.Join(b.source, part), os.DirFS(filepath.Join(repository, "infra", part))); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// plan plans into a folder, and returns what there is to say.
func (b planningBench) plan(t *testing.T, tool string, flags ...string) (out, said string) {
	t.Helper()
	out = workspace(t)
	command(t, nil, b.command, append([]string{"terraform", "plan", "--source=" + b.source, "--tool=" + tool, "--mirror=" + b.mirror, "--out=" + out}, flags...)...)
	return out, read(t, filepath.Join(out, "said.json"))
}

const planningCredentials = `ARM_CLIENT_ID=00000000-0000-0000-0000-000000000000
ARM_TENANT_ID=00000000-0000-0000-0000-000000000000
ARM_SUBSCRIPTION_ID=00000000-0000-0000-0000-000000000000
ARM_USE_OIDC=true
ARM_USE_CLI=false
ARM_USE_MSI=false
ARM_OIDC_TOKEN=eyJhbGciOiJub25lIn0.e30.x
TF_VAR_subscription=00000000-0000-0000-0000-000000000000
TF_VAR_tenant=00000000-0000-0000-0000-000000000000
TF_VAR_issuer=https://issuer.example.com/
TF_VAR_authorised_ranges=["192.0.2.0/24"]
`

// With credentials a plan is made against the state in its storage and against what there is, by reading alone; what somebody
// changed outside of code is said, and so is that credentials have expired.
func TestTerraformAgainstAzure(t *testing.T) {
	t.Parallel()
	b := newPlanningBench(t)
	offline, _ := b.plan(t, b.tool)
	imitation := imitateAzure(t, []byte(read(t, filepath.Join(offline, "environments/dev/terraform.tfstate"))))
	for id, resource := range imitation.resources {
		if resource["type"] == "Microsoft.KeyVault/vaults" {
			resource["properties"].(map[string]any)["enablePurgeProtection"] = false
		}
		if resource["type"] == "Microsoft.Insights/diagnosticSettings" {
			delete(imitation.resources, id)
		}
	}
	proxied := write(t, filepath.Join(workspace(t), "tofu"), fmt.Sprintf("#!/bin/sh\nHTTPS_PROXY=%s SSL_CERT_FILE=%s exec %s \"$@\"\n", imitation.address, imitation.trust, b.tool))
	if err := os.Chmod(proxied, 0o755); err != nil {
		t.Fatal(err)
	}
	credentials := "--credentials=" + write(t, filepath.Join(workspace(t), "credentials"), planningCredentials)

	planned, said := b.plan(t, proxied, credentials)
	for _, want := range []string{`"1 created, 1 changed, 0 replaced, 0 destroyed"`, "body.properties.enablePurgeProtection: false → true", `"value":"azure"`} {
		if !strings.Contains(said, want) {
			t.Errorf("the plan does not say %s:\n%s", want, said)
		}
	}
	drift := filepath.Join(planned, "drift.json")
	command(t, nil, b.command, "terraform", "drift", "--source="+b.source, "--planned="+planned, "--out="+drift)
	for _, want := range []string{"azapi_resource.diagnostics in environments/dev was destroyed, outside of code", "enablePurgeProtection: true → false"} {
		if !strings.Contains(read(t, drift), want) {
			t.Errorf("the drift does not say %s:\n%s", want, read(t, drift))
		}
	}
	for _, asked := range imitation.asked {
		if !strings.HasPrefix(asked, "GET ") && !strings.HasPrefix(asked, "HEAD ") {
			t.Errorf("a plan did not only read: %s", asked)
		}
	}

	imitation.mu.Lock()
	imitation.expired = true
	imitation.mu.Unlock()
	if _, said = b.plan(t, proxied, credentials); !strings.Contains(said, `"rule":"expired-credentials"`) || !strings.Contains(said, "ask for a new token") {
		t.Errorf("it is not said that the credentials are expired:\n%s", said)
	}
}
