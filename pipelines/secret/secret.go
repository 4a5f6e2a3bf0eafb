// Package secret decides what gitleaks' report means: which secrets lie in a tree or in commits, where, and whether the tool
// can be believed. What a secret is, is never part of it.
package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// Settings are gitleaks' own rules, and two for Azure, which it has not. Nothing of the tree is excused.
const Settings = `[extend]
useDefault = true

[[rules]]
id = "azure-storage-key"
description = "Found the key of an Azure storage account, which opens all that is stored in it."
regex = '''AccountKey=([A-Za-z0-9+/]{86}==)'''
keywords = ["accountkey="]

[[rules]]
id = "azure-shared-access-signature"
description = "Found a shared access signature of Azure Storage, which opens what it was made for."
regex = '''[?&]sig=([A-Za-z0-9%+/]{43,60}(?:%3D|=))'''
keywords = ["sig="]
`

// CanaryFile is the name of a file with a made-up secret, which is looked into beside the real ones: who misses it would
// have missed theirs too.
const CanaryFile = "esteira-canary.txt"

const canaryRule = "github-pat"

// Canary is the text of that file: what looks like a token of GitHub's and opens nothing.
func Canary() string {
	const letters = 36
	return "token = ghp" + "_" + strings.ToLower(rand.Text() + rand.Text())[:letters] + "\n"
}

// Leak is what is read of gitleaks' report: everything but the secret.
type Leak struct {
	Rule        string `json:"RuleID"`
	Description string `json:"Description"`
	Line        int    `json:"StartLine"`
	File        string `json:"File"`
	Commit      string `json:"Commit"`
}

// Read reads a report as JSON. It is an error where the canary is not in it. Names of files are taken from below root.
func Read(report []byte, root string) ([]Leak, error) {
	if len(bytes.TrimSpace(report)) == 0 {
		return nil, errors.New("gitleaks printed nothing")
	}
	var leaks []Leak
	if err := json.Unmarshal(report, &leaks); err != nil {
		return nil, fmt.Errorf("gitleaks: its report cannot be read: %w", err)
	}
	canary := func(l Leak) bool { return strings.HasSuffix(l.File, CanaryFile) }
	if !slices.ContainsFunc(leaks, func(l Leak) bool { return canary(l) && l.Rule == canaryRule }) {
		return nil, errors.New("gitleaks missed the canary, a made-up token: nobody can say what else it missed")
	}
	leaks = slices.DeleteFunc(leaks, canary)
	for i := range leaks {
		leaks[i].File = strings.TrimPrefix(strings.TrimPrefix(leaks[i].File, root), "/")
	}
	return leaks, nil
}

// Remarks are leaks as findings. A secret in a commit stays known, even if the next one takes it out.
func Remarks(leaks []Leak) (remarks []acceptance.Remark) {
	for _, leak := range leaks {
		message := leak.Description
		if leak.Commit != "" {
			message += fmt.Sprintf(" It is in commit %s: whoever has the repository has it; withdraw it.", leak.Commit)
		} else {
			message += " Withdraw it, and take it out."
		}
		remarks = append(remarks, acceptance.Remark{Object: leak.File, Finding: finding.Finding{
			Tool: "gitleaks", Rule: leak.Rule, Severity: finding.Critical, Message: message,
			Location: finding.Location{File: leak.File, Line: leak.Line},
		}})
	}
	return remarks
}

// commits matches a range of commits in git's words, and nothing that git would take for an option.
var commits = regexp.MustCompile(`^(` + commit + `)\.\.\.?(` + commit + `)$`)

const commit = `[0-9A-Za-z_][0-9A-Za-z_/~^@-]*(?:\.[0-9A-Za-z_/~^@-]+)*`

// ParseCommits is the two ends of a range, such as main..HEAD.
func ParseCommits(text string) (base, head string, err error) {
	ends := commits.FindStringSubmatch(text)
	if ends == nil {
		return "", "", fmt.Errorf("%q is no range of commits: write BASE..HEAD, such as main..HEAD", text)
	}
	return ends[1], ends[2], nil
}
