package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// What tests train: each data set is a model of its own in the registry, so that tests can share a server.
const (
	accurate = `--parameters={"C": 1.0}`      // of a recipe that any gate blesses
	useless  = `--parameters={"C": 0.000001}` // of one that always says the same
)

// tracking is what calls and a test know an MLflow server as.
type tracking struct{ address string }

func (m tracking) flags() []string {
	_, port, _ := strings.Cut(m.address, ":")
	return []string{"--tracking=http://mlflow:" + port, "--tracking-server=tcp://" + m.address}
}

// get asks MLflow's API.
func (m tracking) get(t *testing.T, into any, path string, query url.Values) {
	t.Helper()
	answer, err := http.Get(fmt.Sprintf("http://%s/api/2.0/mlflow/%s?%s", m.address, path, query.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v in %s", path, err, text)
	}
}

// aliases are those of a model, with their versions.
func (m tracking) aliases(t *testing.T, model string) map[string]string {
	t.Helper()
	var answer struct {
		Model struct {
			Aliases []struct{ Alias, Version string }
		} `json:"registered_model"`
	}
	m.get(t, &answer, "registered-models/get", url.Values{"name": {model}})
	found := map[string]string{}
	for _, a := range answer.Model.Aliases {
		found[a.Alias] = a.Version
	}
	return found
}

// registered is a version, as the registry has it.
type registered struct {
	Version string
	Updated int64  `json:"last_updated_timestamp"`
	Run     string `json:"run_id"`
}

func (m tracking) versions(t *testing.T, model string) []registered {
	t.Helper()
	var answer struct {
		Versions []registered `json:"model_versions"`
	}
	m.get(t, &answer, "model-versions/search", url.Values{"filter": {"name = '" + model + "'"}})
	return answer.Versions
}

// store are the flags for a container of blobs, with a SAS.
func (b *blobs) flags(t *testing.T) []string {
	t.Helper()
	_, port, _ := strings.Cut(b.address, ":")
	return []string{
		"--container=" + strings.Replace(b.url(), b.address, "azurite:"+port, 1), "--server=tcp://" + b.address,
		"--sas=" + secret(t, b.sas(t, createAndRead)),
	}
}

const policyText = `version: 1
gate: {accuracy: 0.90, margin: 0.05, designEffect: 1.5, rubberStamp: true}
training: {dataset: iris, estimator: logistic-regression, folds: 10, seed: 0}
`

// policy is a folder with a policy and what production has, such as wine: {version: "1", sha256: …}.
func policy(t *testing.T, models string) string {
	t.Helper()
	dir := workspace(t)
	write(t, filepath.Join(dir, "esteira.yaml"), policyText)
	write(t, filepath.Join(dir, "k8s/overlays/prod/release.yaml"),
		"apiVersion: esteira/v1\nkind: ReleaseSet\nenvironment: prod\nsequence: 1\nmodels: {"+models+"}\n")
	return dir
}

// train is the stage with a data set and, where models are named, with a production that has them.
func train(t *testing.T, dataset, models string, more ...string) []string {
	t.Helper()
	return append([]string{"training", "--policy=" + policy(t, models), "--dataset=" + dataset}, more...)
}

func with(args []string, more ...[]string) []string {
	all := append([]string{}, args...)
	for _, m := range more {
		all = append(all, m...)
	}
	return all
}

var blessed = regexp.MustCompile(`^blessed ([a-z-]+) version ([0-9]+) sha256:([0-9a-f]{64})$`)

// A model that the gate blesses is registered and stored with its record; doing either again changes nothing.
func TestTrainingRegisterAndUpload(t *testing.T) {
	t.Parallel()
	m, b := tracking{server(t, "mlflow")}, newBlobs(t, server(t, "azurite"))
	stage, approved := train(t, "iris", "", accurate), []string{"--approved-by=Ada"}
	register := with(stage, []string{"register", "--commit=0123456789012345678901234567890123456789"}, approved, m.flags())
	upload := with(stage, []string{"upload"}, approved, b.flags(t))

	last := lastLine(call(t, register...).passes(t))
	said := blessed.FindStringSubmatch(last)
	if said == nil || said[1] != "iris" || said[2] != "1" {
		t.Fatalf("the last line is %q", last)
	}
	digest := said[3]
	if aliases := m.aliases(t, "iris"); !maps.Equal(aliases, map[string]string{"candidate": "1", "blessed": "1"}) {
		t.Errorf("the aliases are %v", aliases)
	}
	stored := lastLine(call(t, upload...).passes(t))
	if !strings.HasPrefix(stored, "uploaded: ") || !strings.HasSuffix(stored, "/sha256/"+digest+"/model.onnx") {
		t.Errorf("the last line is %q", stored)
	}
	versions, lying := m.versions(t, "iris"), b.list(t)
	names := strings.Join(sortedNames(lying), " ")
	for _, name := range []string{"/model.onnx", "/record.json", "/statement.json", "/card.md", "/data.csv"} {
		if !strings.Contains(names, name) {
			t.Errorf("no %s in %s", name, names)
		}
	}

	if again := lastLine(call(t, register...).passes(t)); again != last {
		t.Errorf("registered again it says %q, not %q", again, last)
	}
	if again := lastLine(call(t, upload...).passes(t)); again != strings.Replace(stored, "uploaded:", "there already:", 1) {
		t.Errorf("uploaded again it says %q", again)
	}
	if again := m.versions(t, "iris"); len(again) != 1 || again[0] != versions[0] {
		t.Errorf("registering again made %+v of %+v", again, versions)
	}
	if again := b.list(t); !maps.Equal(again, lying) {
		t.Errorf("uploading again made %v of %v", again, lying)
	}
	candidateOf(t, with(stage, []string{"pipeline"}, approved, m.flags(), b.flags(t)), b, digest)
}

// candidateOf makes sure that the whole way of a model ends with a candidate for staging: where the model is, and the record of
// its blessing, signed.
func candidateOf(t *testing.T, pipeline []string, b *blobs, digest string) {
	t.Helper()
	const password = "sesame"
	key, commit := keyPair(t, tool(t, "cosign"), password), strings.Repeat("01", 20)
	pipeline = with(pipeline, []string{"--commit=" + commit, "--key=file:" + key + ".key"})
	call(t, with(pipeline, []string{"check"})...).fails(t, "--key and --key-password go together")
	said := call(t, with(pipeline, []string{"--key-password=" + secret(t, password), "files", "file", "--path=upload/candidate.json", "contents"})...).passes(t)
	var candidate struct {
		Models map[string]struct {
			Version, SHA256, URI, Source, Data string
			Gate                               struct{ Verdict, ApprovedBy, Record, URI string }
		}
	}
	if err := json.Unmarshal([]byte(said), &candidate); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	model := candidate.Models["iris"]
	if model.Version != "1" || model.SHA256 != digest || model.Source != commit || len(model.Data) != 64 || model.Gate.Verdict != "rubber-stamp" || model.Gate.ApprovedBy != "Ada" {
		t.Errorf("the candidate is %s", said)
	}
	lying := strings.Join(sortedNames(b.list(t)), " ")
	for address, name := range map[string]string{model.URI: "sha256/" + digest + "/model.onnx", model.Gate.URI: "sha256/" + model.Gate.Record + "/statement.json"} {
		if !strings.HasSuffix(address, name) || !strings.Contains(lying, name) {
			t.Errorf("%s does not end with %s, or is not in %s", address, name, lying)
		}
	}
}

// The record of a blessing is signed: it verifies for this model with the public key, and with no other. One that was not
// blessed has nothing signed.
func TestTrainingSign(t *testing.T) {
	t.Parallel()
	cosign, password, dir := tool(t, "cosign"), "sesame", t.TempDir()
	key, stranger := keyPair(t, cosign, password), keyPair(t, cosign, password)
	keys := []string{"sign", "--key=file:" + key + ".key", "--key-password=" + secret(t, password)}
	stage := train(t, "iris", "", accurate)
	call(t, with(stage, []string{"gate"}, keys)...).fails(t, "nothing was signed", "gate undecided")

	signed, model := filepath.Join(dir, "record.dsse.json"), filepath.Join(dir, "model.onnx")
	call(t, with(stage, []string{"gate", "--approved-by=Ada"}, keys, []string{"export", "--path=" + signed})...).passes(t)
	call(t, with(stage, []string{"train", "files", "file", "--path=model.onnx", "export", "--path=" + model})...).passes(t)
	verify := func(key string) error {
		return exec.Command(cosign, "verify-blob-attestation", "--key="+key, "--insecure-ignore-tlog", "--signature="+signed,
			"--type=https://github.com/esteira/esteira/gate/v1", model).Run()
	}
	if err := verify(key + ".pub"); err != nil {
		t.Errorf("it does not verify: %v", err)
	}
	if verify(stranger+".pub") == nil {
		t.Error("it verifies with a stranger's key")
	}
	write(t, model, "another model")
	if verify(key+".pub") == nil {
		t.Error("it verifies for another model")
	}
}

// A model that is not good enough is registered as candidate, and that is all: it is not blessed, nothing is uploaded,
// and that it was judged is remembered.
func TestTrainingRejected(t *testing.T) {
	t.Parallel()
	m, b := tracking{server(t, "mlflow")}, newBlobs(t, server(t, "azurite"))
	stage := train(t, "breast-cancer", "", useless)
	call(t, with(stage, []string{"gate", "--approved-by=Ada", "check"})...).fails(t, "gate failed")
	call(t, with(stage, []string{"register", "--approved-by=Ada"}, m.flags())...).
		fails(t, "registered breast-cancer version 1", "as candidate", "nothing was blessed", "gate failed")
	call(t, with(stage, []string{"upload", "--approved-by=Ada"}, b.flags(t))...).fails(t, "nothing was uploaded", "gate failed")
	if aliases := m.aliases(t, "breast-cancer"); !maps.Equal(aliases, map[string]string{"candidate": "1"}) {
		t.Errorf("the aliases are %v", aliases)
	}
	if found := b.list(t); len(found) != 0 {
		t.Errorf("%v was uploaded", found)
	}
	next := reportOf(t, with(train(t, "breast-cancer", "", accurate), []string{"gate"}, m.flags(), []string{"result"})...)
	if judged := fact(t, next, "earlier judgements"); !strings.HasPrefix(judged, "1,") {
		t.Errorf("earlier judgements are %q", judged)
	}
}

// The champion follows what production's release names, and candidates are judged against that model.
func TestTrainingChampion(t *testing.T) {
	t.Parallel()
	m, b := tracking{server(t, "mlflow")}, newBlobs(t, server(t, "azurite"))
	said := blessed.FindStringSubmatch(lastLine(call(t, with(train(t, "wine", "", accurate), []string{"register", "--approved-by=Ada"}, m.flags())...).passes(t)))
	if said == nil {
		t.Fatal("wine was not blessed")
	}
	production := fmt.Sprintf(`wine: {version: "%s", sha256: %s}`, said[2], said[3])
	sync := with(train(t, "wine", production), []string{"champion"}, m.flags())
	for _, want := range []string{"is champion now", "is champion already"} {
		if last := lastLine(call(t, sync...).passes(t)); !strings.HasPrefix(last, "wine version "+said[2]) || !strings.HasSuffix(last, want) {
			t.Errorf("the last line is %q, want %q", last, want)
		}
	}

	same := train(t, "wine", production, accurate)
	if last := lastLine(call(t, with(same, []string{"gate", "check"})...).passes(t)); last != "passed" {
		t.Errorf("the last line is %q", last)
	}
	call(t, with(same, []string{"upload"}, b.flags(t))...).passes(t)
	if found := b.list(t); len(found) != 0 {
		t.Errorf("production's own model was uploaded again: %v", found)
	}

	worse := train(t, "wine", production, useless)
	call(t, with(worse, []string{"gate", "check"})...).fails(t, said[3], "--tracking")
	compared := reportOf(t, with(worse, []string{"gate"}, m.flags(), []string{"result"})...)
	if status := compared.Status(); status != "failed" {
		t.Errorf("the useless model is %s", status)
	}
	if facts := fmt.Sprint(compared.Stages[0].Findings); !strings.Contains(facts, "champion") {
		t.Errorf("it was not compared with the champion: %s", facts)
	}

	unknown := fmt.Sprintf(`wine: {version: "1", sha256: "%064d"}`, 7)
	call(t, with(train(t, "wine", unknown), []string{"champion"}, m.flags())...).fails(t, "no alias was moved", "no version has this digest")
	if aliases := m.aliases(t, "wine"); aliases["champion"] != said[2] {
		t.Errorf("the aliases are %v", aliases)
	}
}

// A champion whose bytes at the server are not those of its digest is found before anything is compared with it. Its
// recipes are its own: of two calls that share a step at the same moment, the engine may fail one when the other ends.
func TestTrainingForgedChampion(t *testing.T) {
	t.Parallel()
	forging, err := start("mlflow", 5000)
	if err != nil {
		t.Fatal(err)
	}
	m := tracking{forging.address()}
	recipe := `--parameters={"C": 0.9}`
	said := blessed.FindStringSubmatch(lastLine(call(t, with(train(t, "wine", "", recipe), []string{"register", "--approved-by=Ada"}, m.flags())...).passes(t)))
	if said == nil {
		t.Fatal("wine was not blessed")
	}
	other := t.TempDir()
	call(t, with(train(t, "wine", "", `--parameters={"C": 1.2}`), []string{"train", "files", "export", "--path=" + other})...).passes(t)
	m.forge(t, m.versions(t, "wine")[0].Run, "model/model.onnx", read(t, filepath.Join(other, "model.onnx")))
	production := fmt.Sprintf(`wine: {version: "1", sha256: %s}`, said[3])
	call(t, with(train(t, "wine", production, `--parameters={"C": 0.8}`), []string{"gate"}, m.flags(), []string{"check"})...).fails(t, "mlflow_config", "has the digest", said[3])
}

// forge writes other bytes over a file of a run.
func (m tracking) forge(t *testing.T, run, file, text string) {
	t.Helper()
	var answer struct {
		Run struct {
			Info struct {
				Artifacts string `json:"artifact_uri"`
			}
		}
	}
	m.get(t, &answer, "runs/get", url.Values{"run_id": {run}})
	_, path, found := strings.Cut(answer.Run.Info.Artifacts, "mlflow-artifacts:/")
	if !found {
		t.Fatalf("the run's files are at %q", answer.Run.Info.Artifacts)
	}
	put, err := http.NewRequestWithContext(t.Context(), http.MethodPut,
		fmt.Sprintf("http://%s/api/2.0/mlflow-artifacts/artifacts/%s/%s", m.address, path, file), strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	said, err := http.DefaultClient.Do(put)
	if err != nil {
		t.Fatal(err)
	}
	defer said.Body.Close()
	if said.StatusCode != http.StatusOK {
		t.Fatalf("%s was not forged: %s", file, said.Status)
	}
}

// A registry or a store that is down, slow, or dies in the middle is an error in our time and not in its client's, and
// leaves what a second call completes.
func TestTrainingServersFail(t *testing.T) {
	t.Parallel()
	m := tracking{server(t, "mlflow")}
	stage := train(t, "digits", "", accurate)
	register := func(server string) []string {
		return with(stage, []string{"register", "--approved-by=Ada"}, tracking{server}.flags())
	}
	silent := mute(t)
	// Everything that takes long and has nothing to do with the servers.
	call(t, with(stage, []string{"gate", "--approved-by=Ada", "check"})...).passes(t)
	t.Run("registry down", func(t *testing.T) {
		call(t, register("127.0.0.1:9")...).fails(t, "9")
	})
	t.Run("registry silent", func(t *testing.T) {
		started := time.Now()
		call(t, register(silent)...).fails(t, "nothing was registered", "timed out")
		if took := time.Since(started); took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
	t.Run("registry dies", func(t *testing.T) {
		line := newLine(t, m.address, 20_000, cut)
		call(t, register(line.address)...).fails(t, "mlflow_config")
		last := lastLine(call(t, register(m.address)...).passes(t))
		if said := blessed.FindStringSubmatch(last); said == nil || said[2] != "1" {
			t.Errorf("called again it says %q", last)
		}
	})
	t.Run("store silent", func(t *testing.T) {
		b := noBlobs(t, silent)
		call(t, with(stage, []string{"upload", "--approved-by=Ada"}, b.flags(t))...).fails(t, "not complete", "does not answer")
	})
}

// What cannot be meant is an error before anything is trained.
func TestTrainingRefused(t *testing.T) {
	t.Parallel()
	empty := workspace(t)
	noRelease := workspace(t)
	write(t, filepath.Join(noRelease, "esteira.yaml"), policyText)
	misspelt := policy(t, "")
	edit(t, filepath.Join(misspelt, "esteira.yaml"), "margin", "marginn")
	csv := write(t, filepath.Join(workspace(t), "data.csv"), "a,label\n1,x\n")
	good := []string{"training", "--policy=" + policy(t, "")}
	cases := []struct {
		name string
		args []string
		says []string
	}{
		{"no policy", []string{"training", "--policy=" + empty, "train", "digest"}, []string{"esteira.yaml is missing"}},
		{"no release", []string{"training", "--policy=" + noRelease, "train", "digest"}, []string{"release.yaml is missing", "models: {}"}},
		{"misspelt policy", []string{"training", "--policy=" + misspelt, "train", "digest"}, []string{"esteira.yaml:2", "marginn"}},
		{"bad release", []string{"training", "--policy=" + policy(t, "iris: {version: latest, sha256: abc}"), "train", "digest"}, []string{"release.yaml", "models.iris.sha256"}},
		{"CSV without schema", with(good, []string{"--csv=" + csv, "train", "digest"}), []string{"--csv", "--schema"}},
		{"unknown data set", with(good, []string{"--dataset=roses", "train", "digest"}), []string{"roses", "iris"}},
		{"unknown estimator", with(good, []string{"--estimator=oracle", "train", "digest"}), []string{"oracle"}},
		{"parameters of no JSON", with(good, []string{"--parameters=C=1", "train", "digest"}), []string{`--parameters is "C=1"`, "JSON object"}},
		{"grid of no list", with(good, []string{`--tune={"C": 1}`, "train", "digest"}), []string{"--tune C", "no list"}},
		{"unknown parameter", with(good, []string{`--parameters={"depth": [1, 2]}`, "train", "digest"}), []string{"depth"}},
		{"no time", with(good, []string{"--timeout=soon", "train", "digest"}), []string{`--timeout is "soon"`}},
		{"no registry", with(good, []string{"gate", "--tracking=mlflow", "check"}), []string{`--tracking is "mlflow"`}},
		{"no SAS", with(good, []string{"upload", "--container=https://x.blob.core.windows.net/models"}), []string{"--sas", "--identity"}},
		{"half an identity", with(good, []string{"upload", "--container=https://x.blob.core.windows.net/models", "--tenant=t"}), []string{"--identity, --tenant and --client go together"}},
		{"not approved", with(good, []string{"gate", "check"}), []string{"gate undecided", "approve"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) { call(t, test.args...).fails(t, test.says...) })
	}
}

func sortedNames(found map[string]string) []string { return slices.Sorted(maps.Keys(found)) }
