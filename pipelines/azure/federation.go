package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"
	"github.com/sethvargo/go-githubactions"
)

// ExchangeAudience is whom a token has to be for that Entra takes from another issuer.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
const ExchangeAudience = "api://AzureADTokenExchange"

// Assertion gets a token that says who a workload is, from whoever runs it.
type Assertion func(context.Context) (string, error)

// Federation is how a token of GitHub, or of another issuer that Entra trusts, becomes one of Azure. No secret that lasts is
// needed for it.
type Federation struct {
	// Tenant and Client are those of the application, or of the managed identity, that trusts the issuer.
	Tenant, Client string
	Assertion      Assertion
	// Authority is Entra's address; empty means the public cloud's.
	Authority string
	// Transport sends the requests; nil means the SDK's own.
	Transport policy.Transporter
}

// LoginError says why Azure knows nobody, and what to do about it. It shows no token.
type LoginError struct{ reason string }

func (e *LoginError) Error() string { return e.reason }

// NonRetriable says to the SDK that asking again is of no use.
func (e *LoginError) NonRetriable() {}

// Credential is what Azure's clients take. Entra is not asked yet.
func (f Federation) Credential() (azcore.TokenCredential, error) {
	if f.Tenant == "" || f.Client == "" || f.Assertion == nil {
		return nil, &LoginError{"Azure's tenant or client is not named: set AZURE_TENANT_ID and AZURE_CLIENT_ID"}
	}
	options := azidentity.ClientAssertionCredentialOptions{
		ClientOptions: policy.ClientOptions{Transport: f.Transport},
		// No second server has to know the authority, which private clouds need.
		DisableInstanceDiscovery: true,
	}
	if f.Authority != "" {
		options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: f.Authority}
	}
	c := &credential{federation: f}
	inner, err := azidentity.NewClientAssertionCredential(f.Tenant, f.Client, c.assert, &options)
	if err != nil {
		return nil, &LoginError{"Azure's tenant, client or authority cannot be meant: " + oneLine(err)}
	}
	c.inner = inner
	return c, nil
}

// credential explains why it gets no token.
type credential struct {
	federation Federation
	inner      azcore.TokenCredential

	mutex     sync.Mutex
	assertion string
	refused   error // no assertion was given
}

func (c *credential) assert(ctx context.Context) (string, error) {
	assertion, err := c.federation.Assertion(ctx)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.assertion, c.refused = assertion, err
	return assertion, err
}

// GetToken is an azcore.TokenCredential's.
func (c *credential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.inner.GetToken(ctx, options)
	if err == nil {
		return token, nil
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.refused != nil {
		return token, c.refused
	}
	return token, &LoginError{c.federation.explain(err, c.assertion)}
}

// advice says what to do about what Entra refuses, by its number.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
var advice = map[string]string{
	"AADSTS700024": "the token is not valid at this time: it expired, or a clock is wrong; get a new one",
	"AADSTS700212": "the token is for another audience: ask for one for " + ExchangeAudience,
	"AADSTS700211": "nobody trusts the token's issuer: add a federated credential for that issuer",
	"AADSTS700213": "nobody trusts the token's subject: add a federated credential for that subject",
	"AADSTS70021":  "no federated credential fits the token: its issuer, subject and audience have to be equal to the letter",
	"AADSTS700016": "the tenant has no such application: mend AZURE_CLIENT_ID or AZURE_TENANT_ID",
	"AADSTS90002":  "there is no such tenant: mend AZURE_TENANT_ID",
	"AADSTS50027":  "the token is damaged or nobody can check who signed it: get a new one",
}

var entraCode = regexp.MustCompile(`AADSTS\d+`)

// explain says why Entra gave no token. Of its answer it takes the number alone: the rest might repeat what was sent.
func (f Federation) explain(err error, assertion string) string {
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return "Entra does not answer, look whether it is up, and whether the authority's address is right: " + masked(oneLine(err), assertion)
	}
	text := fmt.Sprintf("Entra answered %d without a reason", failed.RawResponse.StatusCode)
	body, _ := runtime.Payload(failed.RawResponse)
	var answer struct {
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &answer) == nil && entraCode.MatchString(answer.Description) {
		code := entraCode.FindString(answer.Description)
		text = fmt.Sprintf("Entra refuses the token (%s)", code)
		if what := advice[code]; what != "" {
			text += ": " + what
		}
	}
	return text + claimed(assertion)
}

// claimed are the parts of a token that federated credentials are compared with. They are no secrets.
func claimed(assertion string) string {
	if assertion == "" {
		return "" // Entra refused before it was asked for
	}
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(assertion, &claims); err != nil {
		return " (it is no JWT)"
	}
	return fmt.Sprintf(" (issuer %q, subject %q, audience %q)", claims.Issuer, claims.Subject, strings.Join(claims.Audience, " "))
}

// masked is a text without what must not be shown.
func masked(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}

func oneLine(err error) string {
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// GitHubToken is the token of a job of GitHub Actions. It is asked for anew each time, since it is good for minutes.
func GitHubToken(getenv func(string) string, client *http.Client) Assertion {
	return func(ctx context.Context) (string, error) {
		token, err := githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithHTTPClient(client)).GetIDToken(ctx, ExchangeAudience)
		var missing *githubactions.EnvMissingError
		var failed *githubactions.RequestFailedError
		switch {
		case errors.As(err, &missing):
			return "", &LoginError{missing.Name + " is not set, so GitHub gives the job no token: write `id-token: write` into its permissions (pull requests from forks get none)"}
		case errors.As(err, &failed):
			return "", &LoginError{fmt.Sprintf("GitHub gives the job no token (%d): start the job again", failed.StatusCode)}
		case err != nil:
			return "", &LoginError{"GitHub gives the job no token: " + masked(oneLine(err), getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))}
		case token == "":
			return "", &LoginError{"GitHub gives the job an empty token: start the job again"}
		}
		return token, nil
	}
}

// FileToken is the token in a file, as Kubernetes keeps it up to date.
func FileToken(file string) Assertion {
	return func(context.Context) (string, error) {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", &LoginError{"the token's file cannot be read: " + err.Error()}
		}
		if token := strings.TrimSpace(string(text)); token != "" {
			return token, nil
		}
		return "", &LoginError{"the token's file " + file + " is empty"}
	}
}
