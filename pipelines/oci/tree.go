package oci

import (
	"archive/tar"
	"errors"
	"fmt"
	"path"
	"strings"
)

// maxLinks is how many symbolic links Linux follows before it calls a path a loop.
const maxLinks = 40

// tree is the file system that a container sees: for each path the uppermost layer's entry.
type tree map[string]leaf

type leaf struct {
	header tar.Header
	layer  Layer
}

// add lays a layer on top. A file may replace a file, but a folder over anything else, or over a
// folder of another mode, would quietly hide or change what the layer beneath has there: a Debian
// root where /lib is a link, for example, and a layer that brings a folder /lib.
func (root tree) add(layer Layer, files []file) error {
	for _, file := range files {
		name := "/" + strings.TrimSuffix(file.header.Name, "/")
		below, exists := root[name]
		if exists && conflict(below.header, file.header) {
			return fmt.Errorf("%s is a %s in layer %s but a %s in layer %s: put the upper one elsewhere",
				name, nature(below.header), below.layer, nature(file.header), layer)
		}
		root[name] = leaf{header: file.header, layer: layer}
	}
	return nil
}

func conflict(below, above tar.Header) bool {
	if below.Typeflag != tar.TypeDir && above.Typeflag != tar.TypeDir {
		return false
	}
	return below.Typeflag != above.Typeflag || below.Mode != above.Mode
}

func nature(header tar.Header) string {
	switch header.Typeflag {
	case tar.TypeDir:
		return fmt.Sprintf("folder of mode %04o", header.Mode)
	case tar.TypeSymlink:
		return "link to " + header.Linkname
	default:
		return "file"
	}
}

// executable fails unless name leads to a file of the tree that may be executed.
func (root tree) executable(name string) error {
	resolved, err := root.resolve(name)
	if err != nil {
		return err
	}
	header := root[resolved].header
	if header.Typeflag != tar.TypeReg {
		return fmt.Errorf("it is a %s, not a file", nature(header))
	}
	if header.Mode&0o111 == 0 {
		return errors.New("it is not executable, set its mode (chmod +x)")
	}
	return nil
}

// resolve follows the symbolic links in name, inside the tree: like a container, it cannot leave it.
func (root tree) resolve(name string) (string, error) {
	resolved, rest, links := "/", strings.Split(path.Clean(name), "/"), 0
	for len(rest) > 0 {
		next := path.Join(resolved, rest[0])
		rest = rest[1:]
		if next == "/" {
			resolved = next
			continue
		}
		entry, exists := root[next]
		if !exists {
			return "", fmt.Errorf("no layer has %s", next)
		}
		if entry.header.Typeflag != tar.TypeSymlink {
			resolved = next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("more than %d symbolic links, is it a loop?", maxLinks)
		}
		if path.IsAbs(entry.header.Linkname) {
			resolved = "/"
		}
		rest = append(strings.Split(entry.header.Linkname, "/"), rest...)
	}
	return resolved, nil
}
