package azure

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// Model is one that a container of blobs has.
type Model struct {
	// Digest is sha256: and 64 hexadecimal digits.
	Digest string
	// Name is that of its blob.
	Name    string
	Created time.Time
}

var storedModel = regexp.MustCompile(`^sha256/([0-9a-f]{64})/model\.onnx$`)

// Models are all that the container has. What was stored beside them, such as the gate's records and the data, are none: an
// audit asks for those.
func (s *Store) Models(ctx context.Context) ([]Model, error) {
	models, prefix := []Model{}, "sha256/"
	for pager := s.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix}); pager.More(); {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("container %s: %w", s.url, s.explain(ctx, "its models were not listed (a SAS needs list: sp=l)", err))
		}
		for _, blob := range page.Segment.BlobItems {
			found := storedModel.FindStringSubmatch(*blob.Name)
			if found == nil {
				continue
			}
			created := blob.Properties.CreationTime
			if created == nil {
				created = blob.Properties.LastModified
			}
			models = append(models, Model{Digest: "sha256:" + found[1], Name: *blob.Name, Created: *created})
		}
	}
	return models, nil
}

// Remove deletes a model. One that is gone already is no error.
func (s *Store) Remove(ctx context.Context, model Model) error {
	_, err := s.client.NewBlobClient(model.Name).Delete(ctx, nil)
	if err == nil || bloberror.HasCode(err, bloberror.BlobNotFound) {
		return nil
	}
	return fmt.Errorf("container %s: %w", s.url, s.explain(ctx, model.Name+" was not deleted (a SAS needs delete: sp=d)", err))
}
