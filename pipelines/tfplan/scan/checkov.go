package scan

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
	"github.com/esteira/esteira/pipelines/tfplan/arm"
)

// LeftOut are checkov's rules that are not asked, and why: most because a rule of ours takes their place.
var LeftOut = map[string]string{
	"CKV_AZURE_6":  "it fails a cluster whose API server has a private address only, and passes 0.0.0.0/0: cluster-open-api knows both",
	"CKV_AZURE_7":  `it passes networkPolicy = "none": cluster-network-policy does not`,
	"CKV_AZURE_8":  "the dashboard has been gone from AKS since Kubernetes 1.19, and the rule wants it switched off by name",
	"CKV_AZURE_9":  "it passes what is open to Internet: network-open does not",
	"CKV_AZURE_10": "it passes what is open to Internet: network-open does not",
	"CKV_AZURE_39": "it looks at roles of whole subscriptions alone: role-wildcard looks at all",
	"CKV_AZURE_42": "it says once more what CKV_AZURE_110 and CKV_AZURE_111 say",
}

// Planned is the template of one root module's plan.
type Planned struct {
	Root string
	// File is the base name of the file that the template was written to.
	File     string
	Template arm.Template
}

// checkovReport is what `checkov --output json` prints of one framework.
type checkovReport struct {
	CheckType string `json:"check_type"`
	Results   struct {
		Passed  []checkovRecord `json:"passed_checks"`
		Failed  []checkovRecord `json:"failed_checks"`
		Skipped []checkovRecord `json:"skipped_checks"`
		Errors  []string        `json:"parsing_errors"`
	} `json:"results"`
	Summary struct {
		Resources int    `json:"resource_count"`
		Version   string `json:"checkov_version"`
	} `json:"summary"`
}

type checkovRecord struct {
	ID     string `json:"check_id"`
	Name   string `json:"check_name"`
	Result struct {
		Keys []string `json:"evaluated_keys"`
	} `json:"check_result"`
	File      string `json:"file_path"`
	Absolute  string `json:"file_abs_path"`
	Lines     []int  `json:"file_line_range"`
	Resource  string `json:"resource"`
	Guideline string `json:"guideline"`
}

// readCheckov reads the report of one framework. Where there was nothing to look at, checkov prints a summary alone.
func readCheckov(output []byte, framework string) (checkovReport, error) {
	if len(strings.TrimSpace(string(output))) == 0 {
		return checkovReport{}, errors.New("checkov printed nothing")
	}
	var read checkovReport
	if err := json.Unmarshal(output, &read); err != nil {
		return read, fmt.Errorf("checkov printed no report of one framework: %w", err)
	}
	if read.CheckType == "" {
		var empty struct {
			Version   string `json:"checkov_version"`
			Resources *int   `json:"resource_count"`
		}
		if err := json.Unmarshal(output, &empty); err != nil || empty.Version == "" || empty.Resources == nil {
			return read, errors.New("checkov printed no report")
		}
		return read, nil
	}
	if read.CheckType != framework {
		return read, fmt.Errorf("checkov reports of %s, not of %s", read.CheckType, framework)
	}
	if len(read.Results.Errors) > 0 {
		return read, fmt.Errorf("checkov could not read %s", strings.Join(read.Results.Errors, ", "))
	}
	return read, nil
}

// Checkov is what checkov's rules for ARM say of templates. A resource of which something is not known yet is undecided:
// checkov does not say what its rules look at.
func Checkov(output []byte, plans []Planned) ([]Complaint, error) {
	read, err := readCheckov(output, "arm")
	if err != nil {
		return nil, err
	}
	if want := resources(plans); read.Summary.Resources != want {
		return nil, fmt.Errorf("checkov looked at %d resources of %d", read.Summary.Resources, want)
	}
	if len(read.Results.Skipped) > 0 {
		return nil, fmt.Errorf("checkov skipped %s, which nobody asked for", read.Results.Skipped[0].ID)
	}
	var complaints []Complaint
	undecided := map[string]bool{}
	for i, record := range slices.Concat(read.Results.Failed, read.Results.Passed) {
		complaint, resource, err := record.complaint(plans)
		if err != nil {
			return nil, err
		}
		open, at := unknownBody(resource), complaint.Root+" "+complaint.Address
		switch {
		case open == "" && i < len(read.Results.Failed):
			complaints = append(complaints, complaint)
		case open != "" && !undecided[at]:
			undecided[at] = true
			complaint.Undecided, complaint.Field = true, open
			complaint.Message = open + " is known only once it is applied, and checkov judges the resource as a whole"
			complaints = append(complaints, complaint)
		}
	}
	return complaints, nil
}

// resources is how many resources checkov counts: those of one type and name in a file are one.
func resources(plans []Planned) int {
	seen := map[string]bool{}
	for _, plan := range plans {
		for _, resource := range plan.Template.Resources {
			seen[plan.File+" "+resource.Type+" "+resource.Name] = true
		}
	}
	return len(seen)
}

// complaint is a record as a complaint about the resource whose line it names.
func (r checkovRecord) complaint(plans []Planned) (Complaint, arm.Resource, error) {
	at := slices.IndexFunc(plans, func(plan Planned) bool { return plan.File == path.Base(r.File) })
	if at < 0 || len(r.Lines) == 0 {
		return Complaint{}, arm.Resource{}, fmt.Errorf("checkov says %s of %s:%v, which it was not given", r.ID, r.File, r.Lines)
	}
	plan := plans[at]
	i := r.Lines[0] - arm.FirstLine
	if i < 0 || i >= len(plan.Template.Resources) {
		return Complaint{}, arm.Resource{}, fmt.Errorf("checkov says %s of %s:%d, where no resource is", r.ID, r.File, r.Lines[0])
	}
	resource := plan.Template.Resources[i]
	return Complaint{
		Root: plan.Root, Address: resource.Metadata.Address, Field: r.field(), Tool: "checkov", Rule: r.ID,
		Severity: finding.Medium, Message: r.Name, Help: r.Guideline,
	}, resource, nil
}

// field is the attribute that the rule looked at, where it says one.
func (r checkovRecord) field() string {
	if known := fields[r.ID]; known != "" {
		return known
	}
	if len(r.Result.Keys) == 0 {
		return ""
	}
	last := r.Result.Keys[len(r.Result.Keys)-1]
	return "body." + strings.NewReplacer("/", ".", "[", "", "]", "").Replace(last)
}

// fields are those that checkov's rules look at and do not name.
var fields = map[string]string{
	"CKV_AZURE_3":   "body.properties.supportsHttpsTrafficOnly",
	"CKV_AZURE_5":   "body.properties.enableRBAC",
	"CKV_AZURE_35":  "body.properties.networkAcls.defaultAction",
	"CKV_AZURE_36":  "body.properties.networkAcls.bypass",
	"CKV_AZURE_44":  "body.properties.minimumTlsVersion",
	"CKV_AZURE_59":  "body.properties.publicNetworkAccess",
	"CKV_AZURE_109": "body.properties.networkAcls.defaultAction",
	"CKV_AZURE_110": "body.properties.enablePurgeProtection",
	"CKV_AZURE_111": "body.properties.enableSoftDelete",
	"CKV_AZURE_137": "body.properties.adminUserEnabled",
	"CKV_AZURE_138": "body.properties.anonymousPullEnabled",
	"CKV_AZURE_139": "body.properties.publicNetworkAccess",
	"CKV_AZURE_141": "body.properties.disableLocalAccounts",
	"CKV_AZURE_171": "body.properties.autoUpgradeProfile.upgradeChannel",
	"CKV_AZURE_189": "body.properties.publicNetworkAccess",
}

// unknownBody is the first path in the body that is not known, or nothing.
func unknownBody(resource arm.Resource) string {
	for _, path := range resource.Metadata.Unknown {
		if path == "body" || strings.HasPrefix(path, "body.") {
			return path
		}
	}
	return ""
}

// Canary is what checkov has to find beside the source, or it did not look.
const Canary = "locals {\n  access_key = \"AKIAIOSFODNN7EXAMPLE\"\n}\n"

// Secrets are remarks about what looks like a secret in the files of a folder. What a comment would have hidden is one too.
// The canary is a file with that text, which is none of the folder's.
func Secrets(output []byte, folder, canary string) ([]acceptance.Remark, error) {
	read, err := readCheckov(output, "secrets")
	if err != nil {
		return nil, err
	}
	var remarks []acceptance.Remark
	alive := false
	for _, record := range slices.Concat(read.Results.Failed, read.Results.Skipped) {
		if record.Absolute == canary {
			alive = true
			continue
		}
		file, err := filepath.Rel(folder, record.Absolute)
		if err != nil || !filepath.IsLocal(file) || len(record.Lines) == 0 {
			return nil, fmt.Errorf("checkov says %s of %s:%v, which it was not given", record.ID, record.Absolute, record.Lines)
		}
		file = filepath.ToSlash(file)
		remarks = append(remarks, acceptance.Remark{Object: file + " " + record.Resource, Finding: finding.Finding{
			Tool: "checkov", Rule: record.ID, Severity: finding.Critical, Location: finding.Location{File: file, Line: record.Lines[0]},
			Message: fmt.Sprintf("%s in plain words: take it out, and change it, for it is in the history (%s)", record.Name, record.Resource),
		}})
	}
	if !alive {
		return nil, errors.New("checkov did not find the secret that was put before it: it did not look for any")
	}
	return remarks, nil
}
