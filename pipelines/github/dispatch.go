package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/go-github/v60/github"
)

// payloadLimit is the most bytes that an event's payload may have at GitHub.
const payloadLimit = 65_535

// ModelDrift is the type of the event that asks for a training.
const ModelDrift = "model-drift"

// Drift is the payload of a ModelDrift event: what a workflow gets as github.event.client_payload.
type Drift struct {
	Dataset string   `json:"dataset"`
	SHA256  string   `json:"sha256,omitempty"` // of the model that is served
	Reasons []string `json:"reasons"`
}

// Dispatch sends a ModelDrift event to a repository, which starts its workflows that wait for one. An error says what
// GitHub refused, and which permission is missing.
func (c *Client) Dispatch(ctx context.Context, to Repository, drift Drift) error {
	if drift.Dataset == "" || len(drift.Reasons) == 0 {
		return errors.New("a training needs the name of a data set and a reason: nothing was sent")
	}
	text, err := json.Marshal(drift)
	if err != nil {
		return err
	}
	if len(text) > payloadLimit {
		return fmt.Errorf("the payload has %d bytes, and GitHub takes %d: nothing was sent", len(text), payloadLimit)
	}
	payload := json.RawMessage(text)
	_, _, err = c.rest.Repositories.Dispatch(ctx, to.Owner, to.Name, github.DispatchRequestOptions{EventType: ModelDrift, ClientPayload: &payload})
	if err != nil {
		return fmt.Errorf("event %s was not sent to %s: %w", ModelDrift, to, refusal(err, "contents:write"))
	}
	return nil
}
