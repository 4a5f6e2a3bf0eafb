package predictions

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// maxClasses is how many classes there may be: the confusion matrix has a cell for each two.
const maxClasses = 1000

// Declaration is what evaluation.json says of an evaluation.
type Declaration struct {
	Version  int      `json:"version"` // 1
	Protocol Protocol `json:"protocol"`
	Classes  []string `json:"classes"`
	Model    Model    `json:"model"`
	Data     Data     `json:"data"`
	// TrainedOn has the digest of each data set that the models behind these predictions were trained on.
	TrainedOn   []string          `json:"trained_on"`
	Folds       int               `json:"folds,omitempty"` // of an out-of-fold evaluation, at least 2
	Seed        int64             `json:"seed"`
	Predictions File              `json:"predictions"`
	Versions    map[string]string `json:"versions,omitempty"` // of what trained and predicted, by name
}

// Model is the model that was judged. A digest is a SHA-256 in hexadecimal.
type Model struct {
	SHA256 string `json:"sha256"`
}

// Data is the data that it was judged on.
type Data struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
}

// File is the file of predictions, in the folder of the evaluation.
type File struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
}

// readDeclaration reads one declaration, strictly: an unknown field, or anything after it, is an error.
func readDeclaration(r io.Reader) (Declaration, error) {
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	var d Declaration
	if err := decoder.Decode(&d); err != nil {
		return Declaration{}, fmt.Errorf("it is no declaration of an evaluation, at byte %d: %w", decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Declaration{}, fmt.Errorf("something follows the declaration at byte %d", decoder.InputOffset())
	}
	return d, d.check()
}

// check is an error if the declaration cannot be, or says itself that the rows are no proof.
func (d Declaration) check() error {
	for _, check := range []func() error{d.checkForm, d.checkClasses, d.checkDigests, d.checkProtocol} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (d Declaration) checkForm() error {
	file := d.Predictions.File
	switch {
	case d.Version != 1:
		return fmt.Errorf("version is %d: this reads version 1", d.Version)
	case strings.TrimSpace(d.Data.Name) == "":
		return errors.New("data.name is empty: name the data set")
	case d.Predictions.Rows < 1:
		return fmt.Errorf("predictions.rows is %d: there is nothing to judge", d.Predictions.Rows)
	case d.Predictions.Rows != d.Data.Rows:
		return fmt.Errorf("predictions.rows is %d and data.rows is %d: predict each row of the data once", d.Predictions.Rows, d.Data.Rows)
	case file == "" || file != filepath.Base(file) || !filepath.IsLocal(file):
		return fmt.Errorf("predictions.file is %q: name a file that lies beside evaluation.json", file)
	case filepath.Ext(file) != ".csv":
		return fmt.Errorf("predictions.file is %q: write it as .csv, which is what is read (docs/decisions/0010)", file)
	}
	return nil
}

func (d Declaration) checkClasses() error {
	if len(d.Classes) < 2 || len(d.Classes) > maxClasses {
		return fmt.Errorf("classes has %d entries: a classifier has 2 to %d", len(d.Classes), maxClasses)
	}
	for i, class := range d.Classes {
		if class == "" {
			return fmt.Errorf("classes[%d] is empty: name the class", i)
		}
		if slices.Index(d.Classes, class) < i {
			return fmt.Errorf("classes[%d] %q is named twice", i, class)
		}
	}
	return nil
}

var digest = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (d Declaration) checkDigests() error {
	digests := map[string]string{
		"model.sha256": d.Model.SHA256, "data.sha256": d.Data.SHA256, "predictions.sha256": d.Predictions.SHA256,
	}
	for _, field := range []string{"model.sha256", "data.sha256", "predictions.sha256"} {
		if !digest.MatchString(digests[field]) {
			return fmt.Errorf("%s is %q: want 64 lower-case hexadecimal digits", field, digests[field])
		}
	}
	if len(d.TrainedOn) == 0 {
		return errors.New("trained_on is empty: without it nobody knows whether the rows were seen in training")
	}
	for i, sum := range d.TrainedOn {
		if !digest.MatchString(sum) {
			return fmt.Errorf("trained_on[%d] is %q: want 64 lower-case hexadecimal digits", i, sum)
		}
	}
	return nil
}

func (d Declaration) checkProtocol() error {
	switch {
	case d.Protocol != HoldOut && d.Protocol != OutOfFold:
		return fmt.Errorf("protocol is %q: want %s or %s", d.Protocol, HoldOut, OutOfFold)
	case d.Protocol == HoldOut && d.Folds != 0:
		return fmt.Errorf("folds is %d, and the protocol is %s: held-out rows have no folds", d.Folds, HoldOut)
	case d.Protocol == HoldOut && slices.Contains(d.TrainedOn, d.Data.SHA256):
		return fmt.Errorf("data.sha256 %s is among trained_on: these rows were trained on, and not held out", d.Data.SHA256)
	case d.Protocol == OutOfFold && (d.Folds < 2 || d.Folds > d.Data.Rows):
		return fmt.Errorf("folds is %d, and the protocol is %s: want 2 or more, and no more than rows", d.Folds, OutOfFold)
	}
	return nil
}

// comparable is an error unless a champion was judged as its candidate was: only then can their rows be compared.
func (d Declaration) comparable(champion Declaration) error {
	switch {
	case d.Protocol != champion.Protocol:
		return fmt.Errorf("protocol: the candidate's is %s, the champion's %s: judge both in the same way", d.Protocol, champion.Protocol)
	case d.Data.SHA256 != champion.Data.SHA256:
		return fmt.Errorf("data.sha256: the candidate's is %s, the champion's %s: judge both on the same rows", d.Data.SHA256, champion.Data.SHA256)
	case d.Data.Rows != champion.Data.Rows:
		return fmt.Errorf("data.rows: the candidate's is %d, the champion's %d, of the same data", d.Data.Rows, champion.Data.Rows)
	case d.Folds != champion.Folds:
		return fmt.Errorf("folds: the candidate's is %d, the champion's %d: use the same folds", d.Folds, champion.Folds)
	case !slices.Equal(d.Classes, champion.Classes):
		return fmt.Errorf("classes: the candidate's are %q, the champion's %q: they have to be the same, in the same order", d.Classes, champion.Classes)
	}
	return nil
}
