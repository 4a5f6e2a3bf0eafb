package oci

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/gzip"
)

// blob is a finished layer: a compressed archive in memory and both of its digests. It is a v1.Layer.
// The library's own tarball layers compress by the standard library, whose output may change with
// the Go release, and read the folder again for each digest.
type blob struct {
	compressed     []byte
	digest, diffID v1.Hash
}

func compress(files []file) (*blob, error) {
	var compressed bytes.Buffer
	diffID := sha256.New()
	zipped := gzip.NewWriter(&compressed)
	if err := pack(io.MultiWriter(zipped, diffID), files); err != nil {
		return nil, err
	}
	if err := zipped.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	digest := sha256.New()
	digest.Write(compressed.Bytes())
	return &blob{compressed: compressed.Bytes(), digest: hashOf(digest), diffID: hashOf(diffID)}, nil
}

func hashOf(sum hash.Hash) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", sum.Sum(nil))}
}

func (b *blob) Digest() (v1.Hash, error)            { return b.digest, nil }
func (b *blob) DiffID() (v1.Hash, error)            { return b.diffID, nil }
func (b *blob) Size() (int64, error)                { return int64(len(b.compressed)), nil }
func (b *blob) MediaType() (types.MediaType, error) { return types.OCILayer, nil }
func (b *blob) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b.compressed)), nil
}
func (b *blob) Uncompressed() (io.ReadCloser, error) {
	return gzip.NewReader(bytes.NewReader(b.compressed))
}
