package azure

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
)

// limit is the size of the largest file that one request may carry, in bytes: 5000 MiB
// (https://learn.microsoft.com/azure/storage/blobs/scalability-targets). A single request is why nobody ever sees half a
// file: it is there, or it is not.
const limit = 5000 << 20

// Blob is a file as it lies in the store.
type Blob struct {
	// Name is sha256/DIGEST/FILE.
	Name   string `json:"name"`
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	// Created is false where the store had it already.
	Created bool `json:"created"`
}

var goodName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

// Put stores a file as sha256/DIGEST/NAME unless it is there, and reads it back: only what has been read with the same
// digest is reported as stored. (The MD5 that the service keeps would not do: for some blobs it is what the client
// claimed.) What lies there with other content is an error and stays as it is.
func (s *Store) Put(ctx context.Context, name, file string) (Blob, error) {
	if !goodName.MatchString(name) {
		return Blob{}, fmt.Errorf("%q is no name for a blob: use letters, digits, dots, dashes and underscores", name)
	}
	source, err := os.Open(file)
	if err != nil {
		return Blob{}, err
	}
	defer source.Close()
	sums, err := digest(source)
	if err != nil {
		return Blob{}, fmt.Errorf("%s: %w", file, err)
	}
	if sums.bytes == 0 || sums.bytes > limit {
		return Blob{}, fmt.Errorf("%s has %d bytes: give a file of 1 to %d", file, sums.bytes, int64(limit))
	}
	stored := Blob{Name: "sha256/" + sums.sha256 + "/" + name, SHA256: sums.sha256, Bytes: sums.bytes}
	stored.URL = s.url + "/" + stored.Name
	stored.Created, err = s.put(ctx, s.client.NewBlockBlobClient(stored.Name), source, sums)
	if err != nil {
		return Blob{}, fmt.Errorf("%s: %w", stored.URL, err)
	}
	return stored, nil
}

// put looks before and after it writes, and says whether it made the blob. Where writing is refused it looks once more:
// somebody was faster, or an answer got lost; a signature that may create and not write is then refused for that.
func (s *Store) put(ctx context.Context, client *blockblob.Client, source io.ReadSeekCloser, want sums) (created bool, err error) {
	there, err := s.look(ctx, client, want)
	if there || err != nil {
		return false, err
	}
	refused := upload(ctx, client, source, want.md5)
	there, err = s.look(ctx, client, want)
	switch {
	case there:
		return refused == nil, nil
	case refused != nil:
		return false, s.explain(ctx, "it was not uploaded", refused)
	case err != nil:
		return false, err
	}
	return false, errors.New("it was uploaded and is not there: call again")
}

// upload sends a file. The MD5 lets the service refuse what was damaged on its way; else it would lie there for good
// under a digest that is not its own.
func upload(ctx context.Context, client *blockblob.Client, source io.ReadSeekCloser, md5 []byte) error {
	anything := azcore.ETagAny
	_, err := client.Upload(ctx, source, &blockblob.UploadOptions{
		TransactionalValidation: blob.TransferValidationTypeMD5(md5),
		AccessConditions:        &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfNoneMatch: &anything}},
	})
	return err
}

// look says whether a blob is there, and reads all of it: other content than the wanted is an error.
func (s *Store) look(ctx context.Context, client *blockblob.Client, want sums) (there bool, err error) {
	answer, err := client.DownloadStream(ctx, nil)
	if bloberror.HasCode(err, bloberror.BlobNotFound) {
		return false, nil
	}
	if err != nil {
		return false, s.explain(ctx, "it cannot be read", err)
	}
	body := answer.NewRetryReader(ctx, nil)
	defer body.Close()
	got, err := digest(body)
	if err != nil {
		return false, s.explain(ctx, "it cannot be read", err)
	}
	if got.sha256 != want.sha256 {
		return false, fmt.Errorf("it is there with other content: %d bytes with sha256 %s. Nothing was overwritten: look who wrote it, delete it, and call again",
			got.bytes, got.sha256)
	}
	return true, nil
}

// sums are what is known of a file that was read.
type sums struct {
	sha256 string
	md5    []byte
	bytes  int64
}

// digest reads to the end and, where it can, goes back to the start.
func digest(source io.Reader) (sums, error) {
	strong, weak := sha256.New(), md5.New()
	bytes, err := io.Copy(io.MultiWriter(strong, weak), source)
	if err != nil {
		return sums{}, err
	}
	if file, seeks := source.(io.Seeker); seeks {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return sums{}, err
		}
	}
	return sums{hex.EncodeToString(strong.Sum(nil)), weak.Sum(nil), bytes}, nil
}
