package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/esteira/esteira/pipelines/manifest"
)

// Try says what the server refuses of the documents, and what it warns of. With a base, they are tried as changes of what
// the base's documents made, root by root: two roots may have an object each of the same name. Of the documents nothing
// stays but definitions and namespaces.
func (s *Server) Try(ctx context.Context, documents, base []Document) ([]manifest.Remark, error) {
	remarks, err := s.try(ctx, documents, base)
	return remarks, errors.Join(err, s.alive())
}

func (s *Server) try(ctx context.Context, documents, base []Document) ([]manifest.Remark, error) {
	if _, err := s.prepare(ctx, base); err != nil {
		return nil, fmt.Errorf("the base: %w", err)
	}
	remarks, err := s.prepare(ctx, documents)
	if err != nil {
		return nil, err
	}
	before, kept := byRoot(base), map[string]Document{}
	for _, root := range roots(documents) {
		if err := s.keep(ctx, before[root], kept); err != nil {
			return nil, fmt.Errorf("the base: %w", err)
		}
		said, err := each(ctx, byRoot(documents)[root], s.tryOne)
		if err != nil {
			return nil, err
		}
		remarks = append(remarks, said...)
	}
	return remarks, nil
}

// keep applies a root of the base for real, over what was kept of others. What of it the server refuses is the base's own
// fault, and nothing to compare with.
func (s *Server) keep(ctx context.Context, base []Document, kept map[string]Document) error {
	var anew []Document
	for _, document := range base {
		switch key := document.key(); {
		case document.Object.Kind == "APIService" || document.Object.Kind == definitionKind || document.Object.Kind == "Namespace":
			// Requests would go to who is not there; the others are there already.
		case bytes.Equal(kept[key].Content, document.Content):
		default:
			anew, kept[key] = append(anew, document), document
		}
	}
	_, err := each(ctx, anew, func(ctx context.Context, document Document) ([]manifest.Remark, error) {
		return nil, s.replace(ctx, document)
	})
	return err
}

// replace makes an object anew.
func (s *Server) replace(ctx context.Context, document Document) error {
	to, known, err := s.client.find(ctx, document.Object.APIVersion, document.Object.Kind)
	if err != nil || !known {
		return err
	}
	var refused *Refusal
	_, err = s.client.do(ctx, http.MethodDelete, objectPath(document, to)+"?gracePeriodSeconds=0&propagationPolicy=Background", "", nil)
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	remarks, _, err := s.apply(ctx, document, false)
	if err != nil || len(remarks) > 0 || document.Object.Kind != "PersistentVolumeClaim" {
		return err
	}
	return s.bind(ctx, document)
}

// prepare installs what the documents need to be understood: definitions and namespaces. It returns what is wrong with the
// definitions that no document has word by word.
func (s *Server) prepare(ctx context.Context, documents []Document) ([]manifest.Remark, error) {
	installed, wrong := definitions(documents)
	refused, err := s.install(ctx, installed)
	if err != nil {
		return nil, err
	}
	_, err = each(ctx, namespaces(documents), func(ctx context.Context, namespace Document) ([]manifest.Remark, error) {
		_, _, err := s.apply(ctx, namespace, false)
		return nil, err
	})
	return append(wrong, refused...), err
}

// install applies definitions, and waits until the server has their kinds. What it refuses of one that stands in a document
// word by word, the dry run says.
func (s *Server) install(ctx context.Context, all []definition) ([]manifest.Remark, error) {
	s.client.forget()
	defer s.client.forget()
	return each(ctx, all, func(ctx context.Context, made definition) ([]manifest.Remark, error) {
		refused, _, err := s.apply(ctx, made.Document, false)
		switch {
		case err != nil:
			return nil, err
		case len(refused) == 0:
			return s.established(ctx, made)
		case made.from.Object.Kind == definitionKind:
			return nil, nil
		}
		return refused, nil
	})
}

// establishing is how long a definition may take until its kind is there.
const establishing = 20 * time.Second

// established waits until the server has a definition's kind, in all versions that it serves.
func (s *Server) established(ctx context.Context, wanted definition) ([]manifest.Remark, error) {
	ctx, cancel := context.WithTimeout(ctx, establishing)
	defer cancel()
	for _, version := range wanted.wants {
		for {
			kinds, err := s.client.list(ctx, version)
			if errors.Is(err, context.DeadlineExceeded) {
				return []manifest.Remark{wanted.from.remark("NotEstablished", "spec.names",
					fmt.Sprintf("the server did not establish %s of %s within %s: is there another definition with these names?", wanted.kind, version, establishing))}, nil
			}
			if err != nil {
				return nil, err
			}
			if _, there := kinds[wanted.kind]; there {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil, nil
}

// namespaces are those that the documents are in, as the documents describe them where they do.
func namespaces(documents []Document) []Document {
	described := map[string]Document{}
	for _, document := range documents {
		if document.Object.Kind == "Namespace" && document.Object.APIVersion == "v1" {
			described[document.Object.Name] = document
		}
	}
	for _, document := range documents {
		name := document.namespace()
		if _, there := described[name]; !there {
			described[name] = Document{
				Root:    document.Root,
				Object:  manifest.Object{APIVersion: "v1", Kind: "Namespace", Name: name},
				Content: fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":%q}}`, name),
			}
		}
	}
	return slices.Collect(maps.Values(described))
}

// each does something with every item, several at once, and returns what was remarked in the items' order.
func each[T any](ctx context.Context, items []T, do func(context.Context, T) ([]manifest.Remark, error)) ([]manifest.Remark, error) {
	said := make([][]manifest.Remark, len(items))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, item := range items {
		group.Go(func() (err error) {
			said[i], err = do(ctx, item)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(said...), err
}

// tryOne applies a document as a dry run, and returns what the server has against it, and what it warns of.
func (s *Server) tryOne(ctx context.Context, document Document) ([]manifest.Remark, error) {
	remarks, warnings, err := s.apply(ctx, document, true)
	for _, text := range warnings {
		remarks = append(remarks, document.warning(text))
	}
	return remarks, err
}

// apply applies a document, and returns what the server refuses of it, or else what it warns of.
func (s *Server) apply(ctx context.Context, document Document, dry bool) ([]manifest.Remark, []string, error) {
	to, known, err := s.client.find(ctx, document.Object.APIVersion, document.Object.Kind)
	if err != nil {
		return nil, nil, err
	}
	if !known {
		return []manifest.Remark{document.remark("NoMatch", "apiVersion", fmt.Sprintf(
			"the API server knows no %s in %s: the version is gone, or its CustomResourceDefinition is not among the manifests",
			document.Object.Kind, document.Object.APIVersion))}, nil, nil
	}
	warnings, err := s.client.apply(ctx, document, to, dry)
	var refused *Refusal
	if errors.As(err, &refused) && refused.ofDocument() {
		return refused.remarks(document), nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %s: %w", document.Root, document.Object, err)
	}
	return nil, warnings, nil
}

// bind makes the server believe that a claim has got the volume that it asks for: only a claim that is bound may grow, and
// none may shrink.
func (s *Server) bind(ctx context.Context, claim Document) error {
	var read struct {
		Spec struct {
			AccessModes []string
			Resources   struct{ Requests map[string]string }
		}
	}
	if err := json.Unmarshal(claim.Content, &read); err != nil {
		return err
	}
	status, err := json.Marshal(map[string]any{"status": map[string]any{
		"phase": "Bound", "accessModes": read.Spec.AccessModes, "capacity": read.Spec.Resources.Requests,
	}})
	if err != nil {
		return err
	}
	path := objectPath(claim, resource{Name: "persistentvolumeclaims", Namespaced: true})
	_, err = s.client.do(ctx, http.MethodPatch, path+"/status", "application/merge-patch+json", status)
	return err
}
