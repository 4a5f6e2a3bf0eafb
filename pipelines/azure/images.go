package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/containers/azcontainerregistry"
)

// Image is one that a registry has.
type Image struct {
	// Digest is sha256: and 64 hexadecimal digits.
	Digest  string
	Tags    []string
	Created time.Time
}

// Repository is one of a registry, as an identity reaches it.
type Repository struct {
	client   *azcontainerregistry.Client
	registry Registry
	name     string
}

// Repository is one of the registry, such as iris/api-gateway. Nothing is asked of the network yet.
func (r Registry) Repository(name string, identity azcore.TokenCredential) (*Repository, error) {
	if !repositoryName.MatchString(name) {
		return nil, fmt.Errorf("repository %q of registry %s is no name: want one such as iris/api-gateway", name, r.Host)
	}
	if err := r.check(name, []string{"pull", "delete"}); err != nil {
		return nil, err
	}
	client, err := azcontainerregistry.NewClient("https://"+r.Host, identity, &azcontainerregistry.ClientOptions{ClientOptions: policy.ClientOptions{
		Transport: r.Transport,
		Retry:     policy.RetryOptions{MaxRetries: 2, RetryDelay: 500 * time.Millisecond, MaxRetryDelay: 4 * time.Second},
		Cloud:     cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{azcontainerregistry.ServiceName: {Audience: cmp.Or(r.Audience, RegistryAudience)}}},
	}})
	if err != nil {
		return nil, fmt.Errorf("registry %s: %w", r.Host, err)
	}
	return &Repository{client, r, name}, nil
}

// configurations are the types of what describes how an image starts. A manifest with another one is attached to an image.
var configurations = []string{"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}

// attachment is how cosign tags what it attaches to an image (https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md).
var attachment = regexp.MustCompile(`^sha256-[0-9a-f]{64}(\.[a-z]+)?$`)

// Images are those of the repository. An index, what an index names, and what is attached to an image, such as its signatures,
// are none of them.
func (r *Repository) Images(ctx context.Context) ([]Image, error) {
	images, named := []Image{}, map[string]bool{}
	for pager := r.client.NewListManifestsPager(r.name, nil); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, r.explain("its images were not listed", err)
		}
		for _, manifest := range page.Manifests.Attributes {
			if manifest.Digest == nil || manifest.CreatedOn == nil {
				return nil, fmt.Errorf("registry %s: repository %s has a manifest without a digest or a time: nobody can say how old it is", r.registry.Host, r.name)
			}
			image := Image{Digest: *manifest.Digest, Created: *manifest.CreatedOn}
			for _, tag := range manifest.Tags {
				image.Tags = append(image.Tags, *tag)
			}
			if manifest.ConfigMediaType == nil { // an index, or what has no parts
				if err := r.parts(ctx, image.Digest, named); err != nil {
					return nil, err
				}
				continue
			}
			if slices.Contains(configurations, *manifest.ConfigMediaType) && !slices.ContainsFunc(image.Tags, attachment.MatchString) {
				images = append(images, image)
			}
		}
	}
	return slices.DeleteFunc(images, func(image Image) bool { return named[image.Digest] }), nil
}

// parts notes what an index names.
func (r *Repository) parts(ctx context.Context, digest string, named map[string]bool) error {
	index, err := r.client.GetManifestProperties(ctx, r.name, digest, nil)
	if err != nil {
		return r.explain("what "+digest+" names was not read", err)
	}
	if index.Manifest == nil {
		return nil
	}
	for _, part := range index.Manifest.RelatedArtifacts {
		if part.Digest != nil {
			named[*part.Digest] = true
		}
	}
	return nil
}

// Remove deletes an image, and before it what cosign attached to it by a tag: whoever is interrupted finds the image still there,
// and removes it again. What is gone already is no error.
func (r *Repository) Remove(ctx context.Context, digest string) error {
	for _, kind := range []string{"", ".sig", ".att", ".sbom"} {
		tag := "sha256-" + digest[len("sha256:"):] + kind
		attached, err := r.client.GetTagProperties(ctx, r.name, tag, nil)
		var answer *azcore.ResponseError
		switch {
		case errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound:
			continue
		case err != nil:
			return r.explain("what is attached to "+digest+" was not read", err)
		case attached.Tag == nil || attached.Tag.Digest == nil:
			return fmt.Errorf("registry %s: tag %s of %s names no digest: nothing more was deleted", r.registry.Host, tag, r.name)
		}
		if _, err := r.client.DeleteManifest(ctx, r.name, *attached.Tag.Digest, nil); err != nil {
			return r.explain("what is attached to "+digest+" was not deleted", err)
		}
	}
	if _, err := r.client.DeleteManifest(ctx, r.name, digest, nil); err != nil {
		return r.explain(digest+" was not deleted", err)
	}
	return nil
}

// explain says what went wrong, where, and what to do.
func (r *Repository) explain(what string, err error) error {
	reason := "it does not answer, look whether it is up, and whether its name is right: " + oneLine(err)
	var answer *azcore.ResponseError
	var login *LoginError
	switch {
	case errors.As(err, &login):
		reason = login.Error()
	case errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden):
		reason = fmt.Sprintf("the identity is refused (%d): give it the roles AcrPull and AcrDelete there", answer.StatusCode)
	case errors.As(err, &answer) && answer.StatusCode == http.StatusMethodNotAllowed:
		reason = "it is locked (405): unlock it, or let it be"
	case errors.As(err, &answer):
		reason = fmt.Sprintf("it answered %d: look whether there is such a repository, and whether that is a registry of Azure", answer.StatusCode)
	}
	return fmt.Errorf("registry %s, repository %s: %s: %s", r.registry.Host, r.name, what, reason)
}
