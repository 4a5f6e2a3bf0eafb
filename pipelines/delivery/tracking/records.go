package tracking

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"go.yaml.in/yaml/v3"

	"github.com/esteira/esteira/pipelines/attestation"
	"github.com/esteira/esteira/pipelines/gate"
	"github.com/esteira/esteira/pipelines/manifest"
)

// ReadRecords reads the gate's statements of a folder, plain or signed (a DSSE envelope), by the digests of their models.
// Whether a signature is good, `esteira security verify` says. A .json that is no statement of the gate's is an error.
func ReadRecords(folder fs.FS) (map[string][]Record, error) {
	records := map[string][]Record{}
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		record, err := readRecord(text)
		if err != nil {
			return fmt.Errorf("%s: %w: want a statement.json of the gate", name, err)
		}
		sum := sha256.Sum256(text)
		record.File, record.SHA256 = name, hex.EncodeToString(sum[:])
		records[record.Model.SHA256] = append(records[record.Model.SHA256], record)
		return nil
	})
	return records, err
}

func readRecord(text []byte) (Record, error) {
	if payload, signed := opened(text); signed {
		text = payload
	}
	var statement gate.Statement
	if err := json.Unmarshal(text, &statement); err != nil {
		return Record{}, err
	}
	switch {
	case statement.PredicateType != gate.PredicateType:
		return Record{}, fmt.Errorf("predicateType is %q", statement.PredicateType)
	case len(statement.Subject) != 1 || statement.Subject[0].Digest["sha256"] != statement.Predicate.Model.SHA256 || statement.Predicate.Model.SHA256 == "":
		return Record{}, errors.New("its subject is not the model of its record")
	}
	return Record{Record: statement.Predicate}, nil
}

// opened is the statement in an envelope.
func opened(text []byte) (payload []byte, signed bool) {
	var envelope struct {
		Payload []byte `json:"payload"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil || len(envelope.Payload) == 0 {
		return nil, false
	}
	if _, err := attestation.ReadEnvelopes(text); err != nil {
		return nil, false
	}
	return envelope.Payload, true
}

// Running are the digests of the models that the files of an overlay's release ask for: its literals MODEL_SHA256.
func Running(overlay fs.FS) (digests []string, err error) {
	const name = "release/kustomization.yaml"
	text, err := fs.ReadFile(overlay, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	documents, err := manifest.Documents(name, text)
	if err != nil {
		return nil, err
	}
	for _, d := range documents {
		for _, generator := range items(manifest.Child(d.Node, "configMapGenerator")) {
			for _, literal := range items(manifest.Child(generator, "literals")) {
				if digest, found := bytes.CutPrefix([]byte(literal.Value), []byte("MODEL_SHA256=")); found {
					digests = append(digests, string(digest))
				}
			}
		}
	}
	return digests, nil
}

func items(list *yaml.Node) []*yaml.Node {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	return list.Content
}
