package azure

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
)

// The account that Azurite has. Its key is no secret: Microsoft publishes it, and no other server knows it.
// https://learn.microsoft.com/azure/storage/common/storage-use-azurite#well-known-storage-account-and-key
const (
	EmulatorAccount = "devstoreaccount1"
	EmulatorKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Emulate makes a container in Azurite unless it is there, and returns a SAS for it that may create and read for an hour.
func Emulate(ctx context.Context, containerURL string) (string, error) {
	const idle = 20 * time.Second
	address, err := parse(containerURL, Access{Plain: true, Idle: idle})
	if err != nil {
		return "", err
	}
	key, err := container.NewSharedKeyCredential(EmulatorAccount, EmulatorKey)
	if err != nil {
		return "", err
	}
	client, err := container.NewClientWithSharedKeyCredential(address.String(), key, &container.ClientOptions{ClientOptions: policy.ClientOptions{Transport: patient(idle)}})
	if err != nil {
		return "", err
	}
	store := &Store{client: client, url: address.String()}
	if _, err := client.Create(ctx, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
		return "", store.explain(ctx, fmt.Sprintf("container %s was not made", store.url), err)
	}
	// By hand, because the SDK takes the account for the container where it is in the path and the host is a name.
	signed, err := sas.BlobSignatureValues{
		ExpiryTime: time.Now().Add(time.Hour).UTC(), ContainerName: path.Base(address.Path),
		Permissions: (&sas.ContainerPermissions{Create: true, Read: true}).String(),
	}.SignWithSharedKey(key)
	if err != nil {
		return "", err
	}
	return signed.Encode(), nil
}
