package main

import (
	"context"
	"fmt"

	"github.com/esteira/esteira/ci/internal/dagger"

	"github.com/esteira/esteira/pipelines/report"
)

// Judgement is what the gate said of a model.
type Judgement struct {
	// The verdict as a report. Its files are verdict.md, record.json, statement.json (in-toto) and the figures.
	Result *Result
	// bless, reject, inconclusive, unchanged or rubber-stamp
	Verdict string
	// +private
	Model *Model
}

// Verdicts that mean more here than green or red: production has the model already, and a person has to approve it.
const (
	unchanged   = "unchanged"
	rubberStamp = "rubber-stamp"
)

// Check is an error with the verdict unless the model is blessed, or production has it already.
// +cache="never"
func (j *Judgement) Check() (string, error) { return j.Result.Check() }

// blessed says whether the model may go on: the gate blesses it, or a person approved it where there was none before.
func (j *Judgement) blessed() bool {
	status, err := j.Result.Status()
	return err == nil && status == string(report.Passed) && j.Verdict != unchanged
}

// refusal says why nothing is done with a model that is not blessed.
func (j *Judgement) refusal(what string) error {
	run, err := j.Result.run()
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %v", what, run.Err())
}

// Register registers the model as candidate and logs the judgement, whatever it is: judging again and again on the same
// data wears them out. The alias blessed moves only when the gate blesses, and else this is an error. Its last line says
// which version is blessed.
// +cache="never"
func (j *Judgement) Register(ctx context.Context,
	// MLflow server, a URL
	tracking string,
	// That server on this machine, such as tcp://localhost:5000 for --tracking http://mlflow:5000 (any name, the same port)
	// +optional
	trackingServer *dagger.Service,
	// Token for that server
	// +optional
	trackingToken *dagger.Secret,
	// Git commit that the model was trained at
	// +optional
	commit string,
) (string, error) {
	run, err := j.Model.Training.run(ctx)
	if err != nil {
		return "", err
	}
	server, err := run.tracker(tracking, trackingServer, trackingToken)
	if err != nil {
		return "", err
	}
	registered, err := server.register(ctx, j.Model, commit)
	if err != nil {
		return "", fmt.Errorf("nothing was blessed: %v", err)
	}
	said := fmt.Sprintf("registered %s as candidate\n", registered)
	if j.Verdict == unchanged {
		return said + "production has this model: nothing was blessed", nil
	}
	if _, err := server.log(ctx, j); err != nil {
		return "", fmt.Errorf("%snothing was blessed: %v", said, err)
	}
	if !j.blessed() {
		return "", j.refusal(said + "nothing was blessed")
	}
	return said + fmt.Sprintf("blessed %s", registered), nil
}

// Sign is the record of the blessing, signed by cosign: a DSSE envelope around an in-toto statement about the model, which
// an inference service with MODEL_BLESSING_KEY asks for. It is verified with the public key alone: `cosign
// verify-blob-attestation --key … --type https://github.com/esteira/esteira/gate/v1 --insecure-ignore-tlog --signature
// record.dsse.json model.onnx`. A model that is not blessed has nothing signed.
// +cache="never"
func (j *Judgement) Sign(ctx context.Context,
	// Private key, as `cosign generate-key-pair` makes it
	key *dagger.Secret,
	// Password of the key
	keyPassword *dagger.Secret,
) (*dagger.File, error) {
	if !j.blessed() {
		return nil, j.refusal("nothing was signed")
	}
	e := j.Model.Training.Esteira
	cosign, err := e.Toolbox().Tool(ctx, "cosign")
	if err != nil {
		return nil, err
	}
	signed, err := e.Debian.
		WithMountedFile("/usr/local/bin/cosign", cosign).
		WithMountedFile("/model.onnx", j.Model.Files.File("model.onnx")).
		WithMountedFile("/record.json", j.Result.Files.File("record.json")).
		WithMountedSecret("/cosign.key", key).
		WithSecretVariable("COSIGN_PASSWORD", keyPassword).
		WithExec([]string{"cosign", "attest-blob", "--yes", "--tlog-upload=false", "--key=/cosign.key", "--predicate=/record.json",
			"--type=https://github.com/esteira/esteira/gate/v1", "--output-signature=/record.dsse.json", "/model.onnx"}).
		Sync(ctx)
	if err != nil {
		return nil, fmt.Errorf("nothing was signed: %v", plain(err))
	}
	return signed.File("/record.dsse.json"), nil
}

// Upload puts model.onnx, its data and card and the record of its blessing into Azure Blob Storage, each as sha256/DIGEST/NAME,
// and reads them back. Nothing is uploaded unless the gate blesses; nothing is overwritten; what is there already stays.
// Its last line is where the model is.
// +cache="never"
func (j *Judgement) Upload(ctx context.Context,
	// Container of blobs, a URL such as https://ACCOUNT.blob.core.windows.net/models
	container string,
	// Shared access signature for the container, which may create and read (sp=cr); else the workload's identity is used
	// +optional
	sas *dagger.Secret,
	// Token of the workload's identity (OIDC), with --tenant and --client
	// +optional
	identity *dagger.Secret,
	// Address at which GitHub makes that token for a job: --identity is then what the job asks with
	// +optional
	identityURL string,
	// Entra tenant of the identity
	// +optional
	tenant string,
	// Client id of the identity
	// +optional
	client string,
	// Blob server on this machine, such as tcp://localhost:10000 for --container http://azurite:10000/ACCOUNT/models (any
	// name, the same port); it is spoken to without TLS
	// +optional
	server *dagger.Service,
) (string, error) {
	store, err := newBlobStore(j.Model.Training.Esteira, container, server, blobAccess{sas, identity, identityURL, tenant, client})
	if err != nil {
		return "", err
	}
	return store.put(ctx, j, j.Result.Files.File("statement.json"))
}
