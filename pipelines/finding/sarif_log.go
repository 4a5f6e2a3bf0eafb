package finding

// The part of SARIF 2.1.0 (OASIS Standard, errata 01) that findings are made of.
// The libraries that were tried lose some of it: go-sarif v3 nests property bags,
// so that security-severity is gone, and v2 refuses a ruleIndex of −1, which the
// specification makes the default (§3.27.6).
type (
	sarifLog struct {
		Schema  string     `json:"$schema,omitempty"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver     sarifComponent   `json:"driver"`
			Extensions []sarifComponent `json:"extensions,omitempty"`
		} `json:"tool"`
		Invocations []sarifInvocation `json:"invocations,omitempty"`
		Artifacts   []struct {
			Location sarifArtifact `json:"location"`
		} `json:"artifacts,omitempty"`
		Results []sarifResult `json:"results"`
	}
	sarifComponent struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri,omitempty"`
		Rules          []sarifRule `json:"rules,omitempty"`
	}
	sarifRule struct {
		ID               string                  `json:"id"`
		ShortDescription *sarifMessage           `json:"shortDescription,omitempty"`
		HelpURI          string                  `json:"helpUri,omitempty"`
		Messages         map[string]sarifMessage `json:"messageStrings,omitempty"`
		Configuration    *struct {
			Level string `json:"level,omitempty"`
		} `json:"defaultConfiguration,omitempty"`
		Properties sarifProperties `json:"properties,omitzero"`
	}
	sarifProperties struct {
		// Score is text in GitHub's documentation, and a number in some tools.
		Score any `json:"security-severity,omitempty"`
	}
	sarifInvocation struct {
		Successful    *bool `json:"executionSuccessful"`
		Notifications []struct {
			Level   string       `json:"level"`
			Message sarifMessage `json:"message"`
		} `json:"toolExecutionNotifications,omitempty"`
	}
	sarifResult struct {
		RuleID    string `json:"ruleId,omitempty"`
		RuleIndex *int   `json:"ruleIndex,omitempty"`
		Rule      *struct {
			ID        string `json:"id"`
			Index     *int   `json:"index"`
			Component *struct {
				Index *int `json:"index"`
			} `json:"toolComponent"`
		} `json:"rule,omitempty"`
		Kind                string            `json:"kind,omitempty"`
		Level               string            `json:"level,omitempty"`
		BaselineState       string            `json:"baselineState,omitempty"`
		Message             sarifMessage      `json:"message"`
		Locations           []sarifLocation   `json:"locations,omitempty"`
		Fingerprints        map[string]string `json:"fingerprints,omitempty"`
		PartialFingerprints map[string]string `json:"partialFingerprints,omitempty"`
		Properties          sarifProperties   `json:"properties,omitzero"`
	}
	sarifMessage struct {
		Text      string   `json:"text,omitempty"`
		ID        string   `json:"id,omitempty"`
		Arguments []string `json:"arguments,omitempty"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact sarifArtifact `json:"artifactLocation"`
			Region   *sarifRegion  `json:"region,omitempty"`
		} `json:"physicalLocation"`
	}
	sarifArtifact struct {
		URI   string `json:"uri,omitempty"`
		Index *int   `json:"index,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine,omitempty"`
		StartColumn int `json:"startColumn,omitempty"`
	}
)
