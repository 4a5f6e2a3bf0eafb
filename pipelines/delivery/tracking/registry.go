package tracking

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Version is a version of a model as the registry has it.
type Version struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// SHA256 is the digest of its model.onnx, by its tag.
	SHA256 string `json:"sha256"`
	// Run is the id of the run that it came from.
	Run string `json:"run"`
}

// Run is one of the registry's, which trained a model.
type Run struct {
	ID     string
	Status string
	// Model is the digest of what it trained, Data that of what it trained on, Commit the source that it ran.
	Model, Data, Commit string
}

// pair is a tag of MLflow's.
type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func tag(tags []pair, key string) string {
	for _, t := range tags {
		if t.Key == key {
			return t.Value
		}
	}
	return ""
}

// ReadVersions reads what MLflow answers to 2.0/mlflow/model-versions/search: all its pages, one after the other.
func ReadVersions(reader io.Reader) (versions []Version, err error) {
	type answer struct {
		Versions []struct {
			Name    string `json:"name"`
			Version string `json:"version"`
			Run     string `json:"run_id"`
			Tags    []pair `json:"tags"`
		} `json:"model_versions"`
		Next string `json:"next_page_token"`
	}
	return versions, pages(reader, "model versions", func(page answer) string {
		for _, v := range page.Versions {
			versions = append(versions, Version{v.Name, v.Version, tag(v.Tags, "sha256"), v.Run})
		}
		return page.Next
	})
}

// ReadRuns reads what MLflow answers to 2.0/mlflow/runs/search, by their ids: all its pages, one after the other.
func ReadRuns(reader io.Reader) (map[string]Run, error) {
	type answer struct {
		Runs []struct {
			Info struct {
				ID     string `json:"run_id"`
				Status string `json:"status"`
			} `json:"info"`
			Data struct {
				Tags []pair `json:"tags"`
			} `json:"data"`
			Inputs struct {
				Datasets []struct {
					Tags    []pair `json:"tags"`
					Dataset struct {
						Source string `json:"source"`
					} `json:"dataset"`
				} `json:"dataset_inputs"`
			} `json:"inputs"`
		} `json:"runs"`
		Next string `json:"next_page_token"`
	}
	runs := map[string]Run{}
	return runs, pages(reader, "runs", func(page answer) string {
		for _, r := range page.Runs {
			run := Run{r.Info.ID, r.Info.Status, tag(r.Data.Tags, "model_sha256"), "", tag(r.Data.Tags, "mlflow.source.git.commit")}
			for _, input := range r.Inputs.Datasets {
				if tag(input.Tags, "mlflow.data.context") == "training" {
					run.Data = digestOf(input.Dataset.Source)
				}
			}
			runs[run.ID] = run
		}
		return page.Next
	})
}

// digestOf is the digest in a data set's source, which our training writes as JSON; MLflow's own digest is cut short.
func digestOf(source string) string {
	var parsed struct {
		SHA256 string `json:"sha256"`
	}
	if err := json.Unmarshal([]byte(source), &parsed); err != nil {
		return ""
	}
	return parsed.SHA256
}

// pages reads answers one after the other; take says which page comes next. That the last one is missing is an error: what is
// on it would not be tracked, and nobody would see.
func pages[T any](reader io.Reader, what string, take func(T) string) error {
	decoder := json.NewDecoder(reader)
	next, read := "", 0
	for {
		var page T
		err := decoder.Decode(&page)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: answer %d of the registry: %w", what, read+1, err)
		}
		next, read = take(page), read+1
	}
	switch {
	case read == 0:
		return fmt.Errorf("%s: the registry's answer is empty", what)
	case next != "":
		return fmt.Errorf("%s: there is a page after answer %d: ask with page_token %q, and append it", what, read, next)
	}
	return nil
}
