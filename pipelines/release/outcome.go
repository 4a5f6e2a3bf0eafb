package release

// Outcome is what a move came to.
type Outcome struct {
	Environment string `json:"environment"`
	Sequence    int    `json:"sequence"`
	// Set is the digest of the set.
	Set string `json:"set"`
	// Moved says that something was done; Proposed that it lies on a branch of its own, and the environment is what it was.
	Moved    bool `json:"moved"`
	Proposed bool `json:"proposed,omitempty"`
	// Branch is where the commit is.
	Branch string `json:"branch"`
	Commit string `json:"commit"`
	// Title and Body are for the pull request.
	Title string `json:"title,omitempty"`
	Body  string `json:"body,omitempty"`
	// Words say it to a person.
	Words string `json:"words"`
}
