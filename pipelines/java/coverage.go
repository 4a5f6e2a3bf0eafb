package java

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/esteira/esteira/pipelines/finding"
)

// Coverage adds up the JaCoCo reports (XML) of a project's modules that lie under a folder. Nil means that there is
// none, as when no class of the application was loaded.
func Coverage(reports fs.FS) (*finding.Coverage, error) {
	var sum *finding.Coverage
	err := fs.WalkDir(reports, ".", func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == "." {
			return fs.SkipAll
		}
		if err != nil || entry.IsDir() || path.Ext(name) != ".xml" {
			return err
		}
		file, err := reports.Open(name)
		if err != nil {
			return err
		}
		module, err := finding.FromJaCoCo(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if sum == nil {
			sum = &finding.Coverage{}
		}
		sum.LinesCovered += module.LinesCovered
		sum.LinesMissed += module.LinesMissed
		sum.BranchesCovered += module.BranchesCovered
		sum.BranchesMissed += module.BranchesMissed
		return nil
	})
	return sum, err
}
