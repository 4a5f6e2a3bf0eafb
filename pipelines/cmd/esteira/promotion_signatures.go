package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/esteira/esteira/pipelines/azure"
	"github.com/esteira/esteira/pipelines/release"
	"github.com/esteira/esteira/pipelines/release/promotion"
)

// signatures is what is verified of all that a set has, and how it is reached.
type signatures struct {
	verification
	models azure.Access
	plan   promotion.Plan
	// repositories are where the images are, policy the digest of the gate's that holds now.
	repositories map[string]string
	policy       string
}

// verifySet verifies what is signed about all that a promotion would bring: images where the registry has them, models where
// they are downloaded from. What is not signed as it has to be is no error here: the promotion is refused for it.
func verifySet(args []string, out io.Writer) error {
	r := newRequesting("signatures")
	s := signatures{models: azure.Access{SAS: os.Getenv(sasVariable), Idle: 20 * time.Second}}
	s.flags(r.FlagSet)
	r.StringVar(&s.identity, "identity", "", "`identity` that signed, instead of a key, such as the address of a workflow")
	r.StringVar(&s.issuer, "issuer", "", "`address` of who vouches for that identity")
	w, done, err := r.call(args, out)
	if done || err != nil {
		return err
	}
	if _, err := s.verifying(); err != nil {
		return err
	}
	if err := identify(&s.models); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := s.read(ctx, w, r.request); err != nil {
		return err
	}
	verified, err := s.all(ctx)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, v := range verified {
		fmt.Fprintln(&text, described(v))
	}
	return r.tell(out, text.String(), verified)
}

// described says a verification to a person.
func described(v release.Verification) string {
	switch {
	case !v.Verified:
		return v.Digest + " is not signed as it has to be: " + v.Reason
	case v.Verdict != "":
		return v.Digest + " is signed, with the verdict " + v.Verdict
	}
	return v.Digest + " is signed, and was built from " + v.Source
}

// read is what would be promoted, and by which policy it is judged.
func (s *signatures) read(ctx context.Context, w promotion.Workspace, request promotion.Request) (err error) {
	if s.plan, err = w.Plan(ctx, request); err != nil {
		return err
	}
	if s.repositories, err = s.plan.Repositories(); err != nil {
		return err
	}
	s.asked = s.plan.Config()
	if s.asked.Gate != nil {
		s.policy, err = s.asked.Gate.Digest()
	}
	return err
}

// all are the verifications of whatever the set has.
func (s *signatures) all(ctx context.Context) ([]release.Verification, error) {
	set := s.plan.After
	verified := []release.Verification{}
	for _, component := range set.Components() {
		v := release.Verification{Digest: set.Runs()[component]}
		var err error
		if image, is := set.Images[component]; is {
			v.Source, err = s.imageOf(component, image)
		} else {
			v.Verdict, err = s.modelOf(ctx, component, set.Models[component])
		}
		if ctx.Err() != nil {
			return nil, errors.New("the time for all of it was up")
		}
		v.Verified = err == nil
		if err != nil {
			v.Reason = strings.Join(strings.Fields(err.Error()), " ")
		}
		verified = append(verified, v)
	}
	return verified, nil
}

// imageOf is the commit that an image's signed provenance names.
func (s *signatures) imageOf(component string, image release.Image) (source string, err error) {
	repository := s.repositories[component]
	if repository == "" {
		return "", fmt.Errorf("no kustomization of %s says which registry has it", s.plan.After.Environment)
	}
	_, provenance, err := s.image(repository + "@" + image.Digest)
	return provenance.Commit, err
}

// modelOf is the verdict of a model's signed record. One that the environment runs already was judged by the policy of then.
func (s *signatures) modelOf(ctx context.Context, component string, model release.Model) (verdict string, err error) {
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file, statement := filepath.Join(dir, "model"), filepath.Join(dir, "statement.json")
	for _, blob := range []struct{ uri, digest, file string }{{model.URI, model.SHA256, file}, {model.Gate.URI, model.Gate.Record, statement}} {
		if !strings.Contains(blob.uri, "/sha256/"+blob.digest+"/") {
			return "", fmt.Errorf("the set says sha256:%s, and that it is at %q, which is the address of something else", blob.digest, blob.uri)
		}
		if err := azure.Get(ctx, blob.uri, s.models, blob.file); err != nil {
			return "", err
		}
	}
	policy := s.policy
	if s.plan.Before.Models[component].SHA256 == model.SHA256 {
		policy = ""
	}
	_, verdict, err = s.blessed(file, statement, policy)
	return verdict, err
}
