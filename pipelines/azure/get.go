package azure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
)

var stored = regexp.MustCompile(`^(.+)/(sha256/([0-9a-f]{64})/[A-Za-z0-9][A-Za-z0-9._-]{0,199})$`)

// Get reads a blob that Put stored, by its address, into a file, and makes sure that it is what its name says.
func Get(ctx context.Context, address string, access Access, file string) error {
	found := stored.FindStringSubmatch(address)
	if found == nil {
		return fmt.Errorf("%s: want CONTAINER/sha256/DIGEST/NAME, as `blob upload` stores files", address)
	}
	store, err := Open(found[1], access)
	if err != nil {
		return err
	}
	if err := store.get(ctx, found[2], found[3], file); err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	return nil
}

func (s *Store) get(ctx context.Context, name, want, file string) error {
	answer, err := s.client.NewBlockBlobClient(name).DownloadStream(ctx, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return errors.New("it is not there: upload it again")
	}
	if err != nil {
		return s.explain(ctx, "it cannot be read", err)
	}
	body := answer.NewRetryReader(ctx, nil)
	defer body.Close()
	into, err := os.Create(file)
	if err != nil {
		return err
	}
	defer into.Close()
	got, err := digest(io.TeeReader(body, into))
	if err != nil {
		return s.explain(ctx, "it cannot be read", err)
	}
	if got.sha256 != want {
		return fmt.Errorf("it is there with other content: %d bytes with sha256 %s", got.bytes, got.sha256)
	}
	return into.Close()
}
