package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// JSON writes the run so that ReadJSON gets the same one back. Texts of tools are in
// it as they were said.
func (r Run) JSON(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// ReadJSON reads one run, strictly: an unknown field, a status or severity that
// nobody knows, counts that don't add up, or anything after the run is an error.
func ReadJSON(reader io.Reader) (Run, error) {
	decoder := json.NewDecoder(reader)
	decoder.DisallowUnknownFields()
	var run Run
	if err := decoder.Decode(&run); err != nil {
		return Run{}, fmt.Errorf("report: no JSON of a run at byte %d: %w", decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Run{}, fmt.Errorf("report: something follows the run at byte %d", decoder.InputOffset())
	}
	if err := run.check(); err != nil {
		return Run{}, err
	}
	return run, nil
}
