package component

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"syscall"
)

// files are the files and links of a tree, sorted, without Git's own.
func files(tree fs.FS) ([]string, error) {
	var found []string
	err := fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.Name() == ".git":
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir():
			found = append(found, path)
		}
		return nil
	})
	return found, err
}

// Changed are the files that are not the same in two trees: added, taken away, with other content, of another type, or no
// longer executable. Links are compared by where they point.
func Changed(before, after fs.FS) ([]string, error) {
	all := map[string]bool{}
	for _, tree := range []fs.FS{before, after} {
		files, err := files(tree)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			all[file] = true
		}
	}
	var changed []string
	for _, file := range slices.Sorted(maps.Keys(all)) {
		other, err := differ(before, after, file)
		if err != nil {
			return nil, err
		}
		if other {
			changed = append(changed, file)
		}
	}
	return changed, nil
}

func differ(before, after fs.FS, file string) (bool, error) {
	was, wasErr := fs.Lstat(before, file)
	is, isErr := fs.Lstat(after, file)
	if missing(wasErr) || missing(isErr) {
		return missing(wasErr) != missing(isErr), nil
	}
	const kept = fs.ModeType | 0o100
	switch {
	case wasErr != nil || isErr != nil:
		return false, errors.Join(wasErr, isErr)
	case was.Mode()&kept != is.Mode()&kept:
		return true, nil
	case was.Mode()&fs.ModeSymlink != 0:
		old, oldErr := fs.ReadLink(before, file)
		new, newErr := fs.ReadLink(after, file)
		return old != new, errors.Join(oldErr, newErr)
	case !was.Mode().IsRegular():
		return false, nil
	case was.Size() != is.Size():
		return true, nil
	}
	return differInContent(before, after, file)
}

// missing says that there is no such file, or that what should be its folder is one.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func differInContent(before, after fs.FS, file string) (bool, error) {
	was, err := before.Open(file)
	if err != nil {
		return false, err
	}
	defer was.Close()
	is, err := after.Open(file)
	if err != nil {
		return false, err
	}
	defer is.Close()
	old, new := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, oldErr := io.ReadFull(was, old)
		m, newErr := io.ReadFull(is, new)
		if !bytes.Equal(old[:n], new[:m]) {
			return true, nil
		}
		if ended(oldErr) && ended(newErr) {
			return false, nil
		}
		if err := errors.Join(oldErr, newErr); err != nil {
			return false, err
		}
	}
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
