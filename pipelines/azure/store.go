// Package azure puts files into Azure Blob Storage under the digest of their content: it never overwrites, it reads back
// what it wrote, and doing it twice, or again after it was interrupted, ends in the same state. And it changes the token of
// a job at GitHub into one for that storage, or for a container registry, so that nobody keeps a secret.
package azure

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// Access is how a container of blobs is reached.
type Access struct {
	// SAS is a shared access signature for the container, with or without its question mark; create and read (sp=cr)
	// suffice. Without one the workload's identity is used, as AZURE_TENANT_ID, AZURE_CLIENT_ID and
	// AZURE_FEDERATED_TOKEN_FILE name it (https://learn.microsoft.com/azure/aks/workload-identity-overview).
	SAS string
	// Identity is another one than the workload's, such as Federation.Credential.
	Identity azcore.TokenCredential
	// Transport sends the requests; nil means one that gives up an idle connection.
	Transport policy.Transporter
	// Plain permits http, which shows the SAS to whoever listens: for a server on the same machine.
	Plain bool
	// Idle is how long nothing may move on a connection before it is given up, such as 20s.
	Idle time.Duration
}

// Store is one container of blobs.
type Store struct {
	client *container.Client
	url    string
	sas    string
}

// Open checks where a container is said to be and how it is reached. Nothing is asked of the network yet.
func Open(containerURL string, access Access) (*Store, error) {
	address, err := parse(containerURL, access)
	if err != nil {
		return nil, err
	}
	options := policy.ClientOptions{
		Transport: access.Transport,
		// Of our own, because the SDK's defaults wait for minutes.
		Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: 500 * time.Millisecond, MaxRetryDelay: 4 * time.Second},
	}
	if options.Transport == nil {
		options.Transport = patient(access.Idle)
	}
	store := &Store{url: address.String(), sas: strings.TrimPrefix(strings.TrimSpace(access.SAS), "?")}
	if store.sas != "" {
		store.client, err = container.NewClientWithNoCredential(store.url+"?"+store.sas, &container.ClientOptions{ClientOptions: options})
	} else {
		store.client, err = withIdentity(store.url, access.Identity, options)
	}
	if err != nil {
		return nil, fmt.Errorf("container %s: %w", store.url, store.clean(err))
	}
	return store, nil
}

// withIdentity is a client that has an identity changed into a token for storage. Nil is the workload's.
func withIdentity(address string, identity azcore.TokenCredential, options policy.ClientOptions) (*container.Client, error) {
	if identity == nil {
		workload, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options,
			// The authority is what AZURE_AUTHORITY_HOST says: no second server has to know it, which private clouds need.
			DisableInstanceDiscovery: true,
		})
		if err != nil {
			return nil, fmt.Errorf("neither a SAS nor a workload identity is there: %w", err)
		}
		identity = workload
	}
	return container.NewClient(address, identity, &container.ClientOptions{ClientOptions: options})
}

// parse wants https://ACCOUNT.blob.core.windows.net/CONTAINER, or ACCOUNT in the path as Azurite has it.
func parse(containerURL string, access Access) (*url.URL, error) {
	address, err := url.Parse(containerURL)
	if err != nil {
		return nil, errors.New("the container's address is no URL: write https://ACCOUNT.blob.core.windows.net/CONTAINER")
	}
	address.Path = strings.TrimSuffix(address.Path, "/")
	refused := func(reason string) (*url.URL, error) {
		return nil, fmt.Errorf("container %s: %s", address.Redacted(), reason)
	}
	switch {
	case address.RawQuery != "" || address.Fragment != "" || address.User != nil:
		// Not printed: it may be a secret.
		return nil, fmt.Errorf("container %s://%s%s: only host and path belong into the address; a SAS is handed in as a secret", address.Scheme, address.Host, address.Path)
	case address.Scheme == "http" && !access.Plain:
		return refused("http shows the credentials to whoever listens: write https")
	case address.Scheme != "https" && address.Scheme != "http":
		return refused(fmt.Sprintf("its scheme is %q: write https://ACCOUNT.blob.core.windows.net/CONTAINER", address.Scheme))
	case address.Host == "":
		return refused("it names no host: write https://ACCOUNT.blob.core.windows.net/CONTAINER")
	case strings.Trim(address.Path, "/") == "":
		return refused("it names no container: write https://ACCOUNT.blob.core.windows.net/CONTAINER")
	case access.Idle < time.Second:
		return refused(fmt.Sprintf("a connection may be idle for %s: allow a second or more", access.Idle))
	}
	return address, nil
}
