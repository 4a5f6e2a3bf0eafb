package predictions

import (
	"fmt"
	"os"
	"path/filepath"
)

// declarationFile is the file of an evaluation that declares the rest.
const declarationFile = "evaluation.json"

// Evaluation is a folder of predictions. Its declaration is read, its rows are not yet.
type Evaluation struct {
	Declaration
	dir string
}

// Open reads and checks the declaration of the evaluation in a folder.
func Open(dir string) (*Evaluation, error) {
	path := filepath.Join(dir, declarationFile)
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("evaluation: %w", err)
	}
	defer file.Close()
	declared, err := readDeclaration(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Evaluation{Declaration: declared, dir: dir}, nil
}

// path is where the predictions lie.
func (e *Evaluation) path() string { return filepath.Join(e.dir, e.Predictions.File) }
