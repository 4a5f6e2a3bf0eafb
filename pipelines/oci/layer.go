package oci

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Layer is the content of one folder, put under a path of the image.
//
// Every file is owned by user and group 0 and has the time Epoch. A folder has mode 0755, or 1777 if
// its sticky bit is set, as on /tmp; a file has mode 0755 if anybody may execute it and 0644
// otherwise, so that neither the umask nor a set-group-id folder of the build machine shows. Symbolic
// links are kept as they are, wherever they point. Hard links become files of their own, extended
// attributes are left out.
//
// Refused are devices, sockets, pipes, set-user-id and set-group-id files, and names that begin with
// ".wh.": in a layer they delete files of the layers beneath.
type Layer struct {
	// Dir is the folder on this machine.
	Dir string
	// Target is the absolute path in the image at which the content of Dir appears.
	Target string
	// Comment says what the layer is for; it appears in the image's description, and in its history as what made it.
	Comment string
}

func (layer Layer) String() string {
	return fmt.Sprintf("%q (%s at %s)", layer.Comment, layer.Dir, layer.Target)
}

// file is one entry of a layer: its header and, for a regular file, where its bytes are.
type file struct {
	header tar.Header
	source string
}

// files lists the layer's entries, parents before children and otherwise in the order of names.
func (layer Layer) files() ([]file, error) {
	if !path.IsAbs(layer.Target) || path.Clean(layer.Target) != layer.Target {
		return nil, fmt.Errorf("target %q is not a clean absolute path, such as /app/lib", layer.Target)
	}
	info, err := os.Stat(layer.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("folder %s does not exist", layer.Dir)
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", layer.Dir)
	}
	content, err := walk(layer.Dir, layer.Target)
	if err != nil {
		return nil, err
	}
	if len(content) == 0 {
		return nil, fmt.Errorf("folder %s is empty", layer.Dir)
	}
	return append(parents(layer.Target), content...), nil
}

// parents are the folders that lead to target, target included.
func parents(target string) []file {
	var folders []file
	for dir := target; dir != "/"; dir = path.Dir(dir) {
		header := tar.Header{Typeflag: tar.TypeDir, Name: entryName(dir) + "/", Mode: 0o755, ModTime: Epoch}
		folders = append([]file{{header: header}}, folders...)
	}
	return folders
}

func walk(dir, target string) ([]file, error) {
	// WalkDir does not follow a link that is its root.
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	var files []file
	err = filepath.WalkDir(root, func(source string, entry fs.DirEntry, err error) error {
		if err != nil || source == root {
			return err
		}
		relative, err := filepath.Rel(root, source)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		header, err := normalise(path.Join(target, filepath.ToSlash(relative)), source, info)
		if err != nil {
			return err
		}
		files = append(files, file{header: header, source: source})
		return nil
	})
	return files, err
}

// normalise makes the header of one entry, or says why the entry has no place in an image.
func normalise(name, source string, info fs.FileInfo) (tar.Header, error) {
	if strings.HasPrefix(path.Base(name), ".wh.") {
		return tar.Header{}, fmt.Errorf("%s: a name that begins with .wh. deletes files of the layers beneath, rename it", source)
	}
	header := tar.Header{Name: entryName(name), ModTime: Epoch}
	mode := info.Mode()
	switch {
	case mode.IsDir():
		header.Typeflag, header.Mode = tar.TypeDir, 0o755
		header.Name += "/"
		if mode&fs.ModeSticky != 0 {
			header.Mode = 0o1777
		}
	case mode&fs.ModeSymlink != 0:
		link, err := os.Readlink(source)
		if err != nil {
			return tar.Header{}, err
		}
		header.Typeflag, header.Mode, header.Linkname = tar.TypeSymlink, 0o777, link
	case !mode.IsRegular():
		return tar.Header{}, fmt.Errorf("%s is a %s: an image holds only files, folders and symbolic links", source, kind(mode))
	case mode&(fs.ModeSetuid|fs.ModeSetgid) != 0:
		return tar.Header{}, fmt.Errorf("%s has the set-user-id or set-group-id bit, remove it (chmod ug-s)", source)
	default:
		header.Typeflag, header.Mode, header.Size = tar.TypeReg, 0o644, info.Size()
		if mode&0o111 != 0 {
			header.Mode = 0o755
		}
	}
	return header, nil
}

func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	default:
		return "device"
	}
}

// entryName is a path as archives hold it: relative to the root.
func entryName(name string) string {
	return strings.TrimPrefix(name, "/")
}

// pack writes files as a tar archive.
func pack(w io.Writer, files []file) error {
	archive := tar.NewWriter(w)
	for _, file := range files {
		if err := archive.WriteHeader(&file.header); err != nil {
			return fmt.Errorf("%s: %w", file.header.Name, err)
		}
		if file.header.Typeflag != tar.TypeReg {
			continue
		}
		if err := copyFile(archive, file.source); err != nil {
			return err
		}
	}
	return archive.Close()
}

func copyFile(w io.Writer, source string) error {
	opened, err := os.Open(source)
	if err != nil {
		return err
	}
	defer opened.Close()
	if _, err := io.Copy(w, opened); err != nil {
		return fmt.Errorf("%s (did it change while it was read?): %w", source, err)
	}
	return nil
}
