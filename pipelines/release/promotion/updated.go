package promotion

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/esteira/esteira/pipelines/manifest"
	"github.com/esteira/esteira/pipelines/manifest/edit"
	"github.com/esteira/esteira/pipelines/release"
)

// An environment that has an updater and no folder release/ gets its images by their tags, from Image Updater, in its own
// kustomization. Its set stays the empty one: it has nothing but a pin.

// updated says whether Image Updater, and no promotion, writes an environment's images.
func (s *state) updated() bool {
	_, has := s.files[s.tagsFile()]
	return has
}

// tagsFile is the kustomization that Image Updater writes to.
func (s *state) tagsFile() string {
	return path.Join(path.Dir(release.File(s.environment)), kustomizations[0])
}

// tags are the tags of images in a kustomization, by their names.
func tags(file string, text []byte) (map[string]string, error) {
	documents, err := manifest.Documents(file, text)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, document := range documents {
		for _, image := range items(document.Node, "images") {
			if tag := manifest.Child(image, "newTag"); tag != nil {
				found[manifest.Child(image, "name").Value] = tag.Value
			}
		}
	}
	return found, nil
}

// retagged is a kustomization with other tags.
func retagged(file string, text []byte, to map[string]string) ([]byte, error) {
	parsed, err := edit.Parse(file, text)
	if err != nil {
		return nil, err
	}
	for _, root := range parsed.Documents() {
		for _, image := range items(root, "images") {
			tag, known := to[manifest.Child(image, "name").Value]
			if node := manifest.Child(image, "newTag"); node != nil && known {
				if err := parsed.Scalar(node, edit.Text, tag); err != nil {
					return nil, err
				}
			}
		}
	}
	return parsed.Bytes()
}

// tagsAt are the tags of a commit.
func (w Workspace) tagsAt(ctx context.Context, s state, commit string) (map[string]string, error) {
	text, err := w.Repository.Read(ctx, commit, s.tagsFile())
	if err != nil {
		return nil, err
	}
	return tags(s.tagsFile(), text)
}

// tagsBefore are the last tags that were others than those of now.
func (w Workspace) tagsBefore(ctx context.Context, s state) (map[string]string, error) {
	now, err := tags(s.tagsFile(), s.files[s.tagsFile()])
	if err != nil {
		return nil, err
	}
	commits, err := w.Repository.Changing(ctx, s.base, s.tagsFile())
	if err != nil {
		return nil, err
	}
	for _, commit := range slices.Backward(commits) {
		before, err := w.tagsAt(ctx, s, commit.Hash)
		if err != nil {
			return nil, err
		}
		if !maps.Equal(before, now) {
			return before, nil
		}
	}
	return nil, fmt.Errorf("%s never had other images than now: there is nothing to go back to", s.environment)
}

// pinnedTags are those of the commit that brought the pin.
func (w Workspace) pinnedTags(ctx context.Context, s state) (map[string]string, error) {
	return w.tagsAt(ctx, s, s.states[len(s.states)-1].Commit)
}

// late is an error if Image Updater wrote after the pin.
func (w Workspace) late(ctx context.Context, s state) error {
	if !s.updated() || s.set.Pin == nil {
		return nil
	}
	held, err := w.pinnedTags(ctx, s)
	if err != nil {
		return err
	}
	now, err := tags(s.tagsFile(), s.files[s.tagsFile()])
	if err != nil {
		return err
	}
	if !maps.Equal(held, now) {
		return fmt.Errorf("%s: somebody wrote other images after the pin of %s: call the rollback again, or unpin", s.tagsFile(), s.set.Pin.Owner)
	}
	return nil
}

// rollTagsBack brings the images before back, or those of a commit, with a pin that Image Updater is told of. Called again it
// takes back what was written after the pin.
func (w Workspace) rollTagsBack(ctx context.Context, s state, back Back) (release.Outcome, error) {
	if back.To != 0 {
		return release.Outcome{}, fmt.Errorf("%s has no sets: Image Updater writes there: name the --commit whose images are to come back", s.environment)
	}
	to := s.set
	pin := to.Pin
	again := pin != nil && pin.Owner == back.Owner && pin.Reason == back.Reason
	target, err := w.targetTags(ctx, s, back, again)
	if err != nil {
		return release.Outcome{}, err
	}
	if !again {
		if to.Pin, err = w.pinOf(s, back); err != nil {
			return release.Outcome{}, err
		}
	}
	files, err := s.rewritten(to)
	if err != nil {
		return release.Outcome{}, err
	}
	text, err := retagged(s.tagsFile(), s.files[s.tagsFile()], target)
	if err != nil {
		return release.Outcome{}, err
	}
	if !bytes.Equal(text, s.files[s.tagsFile()]) {
		files[s.tagsFile()] = text
	}
	if len(files) == 0 {
		return s.outcome(s.base, fmt.Sprintf("%s is back and pinned already: nothing was done", s.environment)), nil
	}
	return w.bring(ctx, s, to, files, fmt.Sprintf("Roll %s back to %s", s.environment, told(target)), back.Reason)
}

func (w Workspace) targetTags(ctx context.Context, s state, back Back, again bool) (map[string]string, error) {
	switch {
	case again:
		return w.pinnedTags(ctx, s)
	case back.Commit == "":
		return w.tagsBefore(ctx, s)
	}
	commit, err := w.Repository.Resolve(ctx, back.Commit)
	if err != nil {
		return nil, err
	}
	known, err := w.Repository.IsAncestor(ctx, commit, s.base)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, fmt.Errorf("commit %.12s is none of the branch's: what it names never ran", commit)
	}
	return w.tagsAt(ctx, s, commit)
}

// told are tags as a text.
func told(tags map[string]string) string {
	var text string
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		text = join(text, name, tags[name])
	}
	return text
}

// pinOf is the pin of a rollback.
func (w Workspace) pinOf(s state, back Back) (*release.Pin, error) {
	if back.Expires.IsZero() {
		back.Expires = w.Now.AddDate(0, 0, s.policy.PinDays)
	}
	if !back.Expires.After(w.Now) {
		return nil, fmt.Errorf("the pin would end at %s, which is over", back.Expires.Format(time.RFC3339))
	}
	return &release.Pin{Owner: back.Owner, Reason: back.Reason, Expires: back.Expires.UTC().Truncate(time.Second)}, nil
}

// errUpdated is what a promotion to such an environment gets.
var errUpdated = errors.New("its images are written by Image Updater, and by no promotion")
