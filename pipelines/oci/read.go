package oci

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// maxMetadata is how many bytes of a manifest a registry has to accept:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
const maxMetadata = 4 << 20

// DescribeArchive describes the one image of a tar archive of an OCI image layout, whatever made it.
// It fails if the file is not such an archive, or if it holds several images.
func DescribeArchive(name string) (Description, error) {
	description, err := describeArchive(name)
	if err != nil {
		return Description{}, fmt.Errorf("image archive %s: %w", name, err)
	}
	return description, nil
}

func describeArchive(name string) (Description, error) {
	index, err := readEntry(name, "index.json")
	if err != nil {
		return Description{}, err
	}
	rawManifest, err := onlyManifest(name, index)
	if err != nil {
		return Description{}, err
	}
	manifest, err := v1.ParseManifest(bytes.NewReader(rawManifest))
	if err != nil {
		return Description{}, fmt.Errorf("manifest: %w", err)
	}
	rawConfig, err := readBlob(name, manifest.Config.Digest)
	if err != nil {
		return Description{}, err
	}
	return describe(rawManifest, rawConfig)
}

// onlyManifest follows an index, and the indexes that it names, to the one image.
func onlyManifest(name string, index []byte) ([]byte, error) {
	parsed, err := v1.ParseIndexManifest(bytes.NewReader(index))
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	if len(parsed.Manifests) != 1 {
		return nil, fmt.Errorf("it holds %d images, want one: build for one platform and without attestations", len(parsed.Manifests))
	}
	only := parsed.Manifests[0]
	blob, err := readBlob(name, only.Digest)
	if err != nil || !only.MediaType.IsIndex() {
		return blob, err
	}
	return onlyManifest(name, blob)
}

// readBlob checks the digest, too: an index that is damaged could otherwise name itself.
func readBlob(name string, digest v1.Hash) ([]byte, error) {
	entry := path.Join("blobs", digest.Algorithm, digest.Hex)
	blob, err := readEntry(name, entry)
	if err != nil {
		return nil, err
	}
	actual, _, err := v1.SHA256(bytes.NewReader(blob))
	if err != nil {
		return nil, err
	}
	if actual != digest {
		return nil, fmt.Errorf("%s is damaged: its content has the digest %s", entry, actual)
	}
	return blob, nil
}

// readEntry is the content of one file of an archive. Layers are skipped by seeking, so looking
// through the archive for each file costs little.
func readEntry(name, entry string) ([]byte, error) {
	archive, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("it has no %s, so it is not a whole OCI image layout", entry)
		}
		if err != nil {
			return nil, fmt.Errorf("it is not a tar archive: %w", err)
		}
		if path.Clean(header.Name) != entry {
			continue
		}
		if header.Size > maxMetadata {
			return nil, fmt.Errorf("%s has %d bytes, a manifest or configuration has at most %d", entry, header.Size, maxMetadata)
		}
		return io.ReadAll(reader)
	}
}
