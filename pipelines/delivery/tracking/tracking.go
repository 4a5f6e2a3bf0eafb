// Package tracking says of every version of a model whether it can be followed from the data that it was trained on to where
// it runs: data → run → gate → set → environment. A version that the gate did not bless ends at the gate, one that nobody
// promoted yet before the set; whatever else is missing is a missing link.
package tracking

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/gate"
	"github.com/esteira/esteira/pipelines/release"
)

// Input is what is known.
type Input struct {
	Versions []Version
	Runs     map[string]Run
	// Records are what the gate said, by the digest of the model.
	Records map[string][]Record
	// Histories are the release sets by environment, Running the digests of the models that an environment's files ask for.
	Histories map[string][]release.Entry
	Running   map[string][]string
}

// Record is a gate's statement.
type Record struct {
	// File is where it was read, SHA256 the digest of that.
	File, SHA256 string
	gate.Record
}

// Blessed says whether the model may be deployed by it.
func (r Record) Blessed() bool {
	return r.Decision == gate.Bless || r.Decision == gate.RubberStamp && r.Approved
}

// Step is one on the way of a model.
type Step string

// The steps, in order.
const (
	Data        Step = "data"
	TrainingRun Step = "run"
	Gate        Step = "gate"
	ReleaseSet  Step = "set"
	Environment Step = "environment"
)

// Link is what leads from one step to the next.
type Link struct {
	Step Step `json:"step"`
	// Found is what was found; empty where the link is missing.
	Found string `json:"found,omitempty"`
	// Missing says what is not there, Remedy what to do.
	Missing string `json:"missing,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
}

// Model is a version, and its way.
type Model struct {
	Version
	Links []Link `json:"links"`
	// End says why the way ends where it does.
	End string `json:"end"`
}

// Tracked says whether no link is missing.
func (m Model) Tracked() bool {
	return !slices.ContainsFunc(m.Links, func(l Link) bool { return l.Missing != "" })
}

// Report is what was found.
type Report struct {
	Models []Model `json:"models"`
}

// Tracked is how many versions have no missing link.
func (r Report) Tracked() (tracked int) {
	for _, m := range r.Models {
		if m.Tracked() {
			tracked++
		}
	}
	return tracked
}

// Red says whether any version is not tracked, or there is none.
func (r Report) Red() bool { return len(r.Models) == 0 || r.Tracked() < len(r.Models) }

// Track follows every version that the registry has or a release set names.
func Track(in Input) Report {
	report := Report{Models: []Model{}}
	versions := slices.Clone(in.Versions)
	for _, used := range in.used() {
		if !slices.ContainsFunc(versions, func(v Version) bool { return v.Name == used.Name && v.SHA256 == used.SHA256 }) {
			versions = append(versions, used)
		}
	}
	for _, v := range versions {
		report.Models = append(report.Models, in.follow(v))
	}
	return report
}

// used are the models of all sets, each once.
func (in Input) used() (all []Version) {
	seen := map[string]bool{}
	for _, environment := range slices.Sorted(maps.Keys(in.Histories)) {
		for _, entry := range in.Histories[environment] {
			for _, name := range slices.Sorted(maps.Keys(entry.Set.Models)) {
				model := entry.Set.Models[name]
				if key := name + " " + model.SHA256; !seen[key] {
					seen[key] = true
					all = append(all, Version{Name: name, Version: model.Version, SHA256: model.SHA256})
				}
			}
		}
	}
	return all
}

// follow is the way of one version.
func (in Input) follow(v Version) Model {
	m := Model{Version: v}
	if v.SHA256 == "" {
		m.miss(TrainingRun, "the version has no tag sha256: nobody knows which model it is", "register it by `dagger call training register`, and delete this version")
		return m
	}
	run := in.run(&m)
	uses := in.uses(v)
	record, judged := in.gate(&m, run, uses)
	switch {
	case len(uses) > 0:
		in.sets(&m, run, record, judged, uses)
	case judged && !record.Blessed():
		m.End = fmt.Sprintf("the gate said %s: it goes no further", record.Decision)
	case judged:
		m.End = "blessed, and not promoted yet"
	}
	return m
}

func (m *Model) find(step Step, format string, values ...any) {
	m.Links = append(m.Links, Link{Step: step, Found: fmt.Sprintf(format, values...)})
}

func (m *Model) miss(step Step, missing, remedy string) {
	m.Links = append(m.Links, Link{Step: step, Missing: missing, Remedy: remedy})
}

// run finds the run of a version, and the data of that.
func (in Input) run(m *Model) Run {
	const again = "register the model again by `dagger call training register` from the commit that it was trained at"
	run, known := in.Runs[m.Run]
	switch {
	case m.Run == "":
		m.miss(Data, "no run says what it was trained on", again)
		m.miss(TrainingRun, "the registry has no version with this digest that came from a run", again)
		return Run{}
	case !known:
		m.miss(Data, "no run says what it was trained on", again)
		m.miss(TrainingRun, fmt.Sprintf("run %s is not in the registry: it was deleted, or is of an experiment that was not asked for", m.Run), "restore the run, or "+again)
		return Run{}
	}
	if run.Data == "" {
		m.miss(Data, fmt.Sprintf("run %s has no training data with a sha256", run.ID), again)
	} else {
		m.find(Data, "sha256:%.12s", run.Data)
	}
	switch {
	case run.Model != m.SHA256:
		m.miss(TrainingRun, fmt.Sprintf("run %s trained another model, sha256:%.12s", run.ID, run.Model), again)
	case run.Status != "FINISHED":
		m.miss(TrainingRun, fmt.Sprintf("run %s is %s: what it logged may not be all", run.ID, run.Status), again)
	case run.Commit == "":
		m.miss(TrainingRun, fmt.Sprintf("run %s does not say its commit", run.ID), again+", with --commit")
	default:
		m.find(TrainingRun, "%s, commit %.12s", run.ID, run.Commit)
	}
	return run
}

// use is a set that names a model.
type use struct {
	environment string
	entry       release.Entry
	release.Model
	// now says that it is the environment's last set.
	now bool
}

func (u use) String() string { return fmt.Sprintf("set %d of %s", u.entry.Set.Sequence, u.environment) }

// uses are the sets that name a version.
func (in Input) uses(v Version) (uses []use) {
	for _, environment := range slices.Sorted(maps.Keys(in.Histories)) {
		history := in.Histories[environment]
		for i, entry := range history {
			if model, named := entry.Set.Models[v.Name]; named && model.SHA256 == v.SHA256 {
				uses = append(uses, use{environment, entry, model, i == len(history)-1})
			}
		}
	}
	return uses
}

// gate finds what the gate said of a version: of several records the one that sets name, else one that blesses it.
func (in Input) gate(m *Model, run Run, uses []use) (Record, bool) {
	records := in.Records[m.SHA256]
	if len(records) == 0 {
		m.miss(Gate, "no record of the gate is about it", "judge it by `dagger call training gate`, and keep its statement.json")
		return Record{}, false
	}
	chosen := records[0]
	for _, record := range records {
		named := slices.ContainsFunc(uses, func(u use) bool { return u.Gate.Record == record.SHA256 })
		if named || record.Blessed() && !chosen.Blessed() {
			chosen = record
		}
		if named {
			break
		}
	}
	switch {
	case run.Data != "" && chosen.Record.Data.SHA256 != run.Data && chosen.Record.Data.Protocol == "out-of-fold":
		m.miss(Gate, fmt.Sprintf("%s judged it on sha256:%.12s, out of fold, and it was trained on sha256:%.12s", chosen.File, chosen.Record.Data.SHA256, run.Data), "judge it on the data that it was trained on")
	case len(uses) > 0 && !chosen.Blessed():
		m.miss(Gate, fmt.Sprintf("%s says %s, and %s has it", chosen.File, chosen.Decision, uses[0]), "roll it back by `esteira promotion rollback`, and train a better one")
	default:
		m.find(Gate, "%s in %s", chosen.Decision, chosen.File)
	}
	return chosen, true
}

// sets compares what sets say of a version with what is known of it, and what runs with what they say.
func (in Input) sets(m *Model, run Run, record Record, judged bool, uses []use) {
	var wrong []string
	for _, u := range uses {
		switch {
		case m.Version.Version != u.Version:
			wrong = append(wrong, fmt.Sprintf("%s calls it version %s, and the registry %s", u, u.Version, m.Version.Version))
		case run.Data != "" && u.Data != run.Data:
			wrong = append(wrong, fmt.Sprintf("%s says that its data are %q, and its run sha256:%.12s", u, u.Data, run.Data))
		case run.Commit != "" && u.Source != run.Commit:
			wrong = append(wrong, fmt.Sprintf("%s says that its source is %q, and its run %.12s", u, u.Source, run.Commit))
		case judged && u.Gate.Record != record.SHA256:
			wrong = append(wrong, fmt.Sprintf("%s names the record %q, and %s is sha256:%.12s", u, u.Gate.Record, record.File, record.SHA256))
		}
	}
	if len(wrong) > 0 {
		m.miss(ReleaseSet, strings.Join(wrong, "; "), "promote it again by `esteira promotion promote`, which writes what is true")
	} else {
		m.find(ReleaseSet, "%s", join(uses))
	}
	in.environments(m, uses)
}

// environments says where a version runs, and where files ask for another than the last set says.
func (in Input) environments(m *Model, uses []use) {
	var runs, wrong []string
	for _, u := range uses {
		if !u.now {
			continue
		}
		if slices.Contains(in.Running[u.environment], m.SHA256) {
			runs = append(runs, u.environment)
		} else {
			wrong = append(wrong, fmt.Sprintf("%s has it, and no MODEL_SHA256 of k8s/overlays/%s/release names it", u, u.environment))
		}
	}
	switch {
	case len(wrong) > 0:
		m.miss(Environment, strings.Join(wrong, "; "), "see what `esteira promotion verify` says, and promote again")
	case len(runs) > 0:
		m.find(Environment, "runs in %s", strings.Join(runs, ", "))
		m.End = "it runs in " + strings.Join(runs, ", ")
	default:
		m.find(Environment, "ran by %s", join(uses))
		m.End = "it ran, and runs nowhere any more"
	}
}

func join(uses []use) string {
	var all []string
	for _, u := range uses {
		all = append(all, u.String())
	}
	return strings.Join(all, ", ")
}
