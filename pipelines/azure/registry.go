package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/containers/azcontainerregistry"
	"github.com/golang-jwt/jwt/v5"
)

// RegistryAudience is whom Entra's token has to be for that a registry takes.
const RegistryAudience = "https://containerregistry.azure.net"

// Registry is an Azure container registry.
type Registry struct {
	// Host is such as team.azurecr.io.
	Host string
	// Audience is whom Entra's token is for; empty means RegistryAudience.
	Audience string
	// Transport sends the requests; nil means the SDK's own.
	Transport policy.Transporter
}

// DockerConfig is the file from which docker, crane and cosign take what they show to registries.
type DockerConfig struct {
	Auths map[string]DockerAuth `json:"auths"`
}

// DockerAuth has a token for one repository, or one that is exchanged for tokens of whatever the identity may do.
type DockerAuth struct {
	RegistryToken string `json:"registrytoken,omitempty"`
	IdentityToken string `json:"identitytoken,omitempty"`
}

var (
	registryHost   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?$`)
	repositoryName = regexp.MustCompile(`^[a-z0-9]+([._/-][a-z0-9]+)*$`)
)

// Login shows an identity to the registry. With a repository it gives a token for actions on that one alone, such as pull
// and push, which is good for about an hour; without one a refresh token, good for three.
func (r Registry) Login(ctx context.Context, identity azcore.TokenCredential, repository string, actions []string) (DockerConfig, error) {
	if err := r.check(repository, actions); err != nil {
		return DockerConfig{}, err
	}
	entra, err := identity.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{cmp.Or(r.Audience, RegistryAudience) + "/.default"}})
	if err != nil {
		return DockerConfig{}, fmt.Errorf("registry %s: %w", r.Host, err)
	}
	client, err := azcontainerregistry.NewAuthenticationClient("https://"+r.Host, &azcontainerregistry.AuthenticationClientOptions{ClientOptions: policy.ClientOptions{Transport: r.Transport}})
	if err != nil {
		return DockerConfig{}, fmt.Errorf("registry %s: %w", r.Host, err)
	}
	refresh, err := client.ExchangeAADAccessTokenForACRRefreshToken(ctx, azcontainerregistry.PostContentSchemaGrantTypeAccessToken, r.Host,
		&azcontainerregistry.AuthenticationClientExchangeAADAccessTokenForACRRefreshTokenOptions{AccessToken: &entra.Token})
	if err != nil || refresh.RefreshToken == nil || *refresh.RefreshToken == "" {
		return DockerConfig{}, r.refused(err, entra.Token)
	}
	if repository == "" {
		return DockerConfig{map[string]DockerAuth{r.Host: {IdentityToken: *refresh.RefreshToken}}}, nil
	}
	scope := "repository:" + repository + ":" + strings.Join(actions, ",")
	access, err := client.ExchangeACRRefreshTokenForACRAccessToken(ctx, r.Host, scope, *refresh.RefreshToken, nil)
	if err != nil || access.AccessToken == nil || *access.AccessToken == "" {
		return DockerConfig{}, r.refused(err, entra.Token, *refresh.RefreshToken)
	}
	if lacks := lacking(*access.AccessToken, repository, actions); lacks != "" {
		return DockerConfig{}, fmt.Errorf("registry %s: the identity may not %s %s: give it the role AcrPush", r.Host, lacks, repository)
	}
	return DockerConfig{map[string]DockerAuth{r.Host: {RegistryToken: *access.AccessToken}}}, nil
}

func (r Registry) check(repository string, actions []string) error {
	switch {
	case !registryHost.MatchString(r.Host):
		return fmt.Errorf("registry %q is no host: want one such as team.azurecr.io", r.Host)
	case repository == "":
		return nil
	case !repositoryName.MatchString(repository):
		return fmt.Errorf("repository %q is no name: want one such as iris/api-gateway", repository)
	case len(actions) == 0:
		return fmt.Errorf("repository %q: no action is asked for: want pull, push or delete", repository)
	}
	for _, action := range actions {
		if !slices.Contains([]string{"pull", "push", "delete"}, action) {
			return fmt.Errorf("action %q is none of pull, push and delete", action)
		}
	}
	return nil
}

// refused says why the registry gave no token, and shows none.
func (r Registry) refused(err error, secrets ...string) error {
	var answer *azcore.ResponseError
	switch {
	case err == nil:
		return fmt.Errorf("registry %s gives an empty token: look whether that is a registry of Azure", r.Host)
	case !errors.As(err, &answer):
		return fmt.Errorf("registry %s does not answer, look whether it is up, and whether its name is right: %s", r.Host, masked(oneLine(err), secrets...))
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("registry %s refuses the identity (%d): give it the role AcrPush there, or AcrPull where it only reads", r.Host, answer.StatusCode)
	}
	return fmt.Errorf("registry %s answered %d: look whether that is a registry of Azure", r.Host, answer.StatusCode)
}

// lacking is an action that a registry's token does not permit though it was asked for: the registry leaves out what the
// identity may not do.
func lacking(token, repository string, actions []string) string {
	var claims struct {
		jwt.RegisteredClaims
		Access []struct {
			Name    string   `json:"name"`
			Actions []string `json:"actions"`
		} `json:"access"`
	}
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil {
		return "" // nothing is known of it
	}
	permitted := map[string]bool{}
	for _, access := range claims.Access {
		for _, action := range access.Actions {
			permitted[action] = permitted[action] || access.Name == repository
		}
	}
	for _, action := range actions {
		if !permitted[action] {
			return action
		}
	}
	return ""
}
