package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/esteira/esteira/ci/internal/dagger"
)

// tracker is an MLflow server, and how to reach it. The work is mlflow_config.py's, which may be killed at any time and
// called again.
type tracker struct {
	run    *run
	url    string
	host   string
	server *dagger.Service
	token  *dagger.Secret
}

func (r *run) tracker(address string, server *dagger.Service, token *dagger.Secret) (*tracker, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return nil, fmt.Errorf("--tracking is %q: write the URL of an MLflow server, such as https://mlflow.example", address)
	}
	if parsed.User != nil {
		return nil, errors.New("--tracking has a user in it: hand in --tracking-token")
	}
	return &tracker{r, address, parsed.Hostname(), server, token}, nil
}

// version is a registered model.
type version struct {
	Name    string
	Version string
	SHA256  string
}

func (v version) String() string {
	return fmt.Sprintf("%s version %s sha256:%s", v.Name, v.Version, v.SHA256)
}

func (t *tracker) register(ctx context.Context, m *Model, commit string) (registered version, err error) {
	args := []string{"register", "--model=/model"}
	if commit != "" {
		args = append(args, "--commit="+commit)
	}
	return registered, t.call(ctx, t.container().WithMountedDirectory("/model", m.Files), &registered, args...)
}

// log has a judgement remembered; one that blesses moves the alias blessed.
func (t *tracker) log(ctx context.Context, j *Judgement) (logged version, err error) {
	verb := "reject"
	if j.blessed() {
		verb = "bless"
	}
	c := t.container().WithMountedFile("/record.json", j.Result.Files.File("record.json"))
	return logged, t.call(ctx, c, &logged, verb, "--sha256="+j.Model.Digest, "--record=/record.json")
}

// judged counts the other models that were judged on a model's data.
func (t *tracker) judged(ctx context.Context, m *Model) (int, error) {
	var answer struct{ Judged int }
	err := t.call(ctx, t.container(), &answer, "judged", "--data-sha256="+m.Data, "--sha256="+m.Digest)
	return answer.Judged, err
}

// fetch is the folder of a registered model. What has a digest never changes, so that it is fetched once.
func (t *tracker) fetch(digest string) *dagger.Directory {
	return t.reaching(t.run.python).
		WithExec(t.command("fetch", "--sha256="+digest, "--output=/out/model")).
		Directory("/out/model")
}

// champion sets the alias champion to what production's release names, and says which models those are.
func (t *tracker) champion(ctx context.Context) ([]crowned, error) {
	text, err := json.Marshal(t.run.production)
	if err != nil {
		return nil, err
	}
	var answer struct{ Champions []crowned }
	err = t.call(ctx, t.container().WithNewFile("/release.yaml", string(text)), &answer, "champion", "--release=/release.yaml")
	return answer.Champions, err
}

// crowned is a version that has the alias champion, and whether that is news.
type crowned struct {
	version
	Moved bool
}

// call runs a subcommand of mlflow_config.py; its last line is its answer.
func (t *tracker) call(ctx context.Context, c *dagger.Container, answer any, args ...string) error {
	output, err := c.WithExec(t.command(args...)).Stdout(ctx)
	if err != nil {
		return t.run.said("mlflow_config.py "+args[0], err)
	}
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), answer); err != nil {
		return fmt.Errorf("mlflow_config.py %s: its last line is %q: %w", args[0], lines[len(lines)-1], err)
	}
	return nil
}

func (t *tracker) command(args ...string) []string {
	return withTimeout(t.run.limit, append([]string{"python", "mlflow_config.py"}, args...)...)
}

// container can reach the server and is never cached: a registry changes by itself.
func (t *tracker) container() *dagger.Container {
	return t.reaching(t.run.python).WithEnvVariable("ESTEIRA_NOW", time.Now().String())
}

func (t *tracker) reaching(c *dagger.Container) *dagger.Container {
	c = c.WithEnvVariable("MLFLOW_TRACKING_URI", t.url)
	if t.server != nil {
		c = c.WithServiceBinding(t.host, t.server)
	}
	if t.token != nil {
		c = c.WithSecretVariable("MLFLOW_TRACKING_TOKEN", t.token)
	}
	return c
}

// Champion lets the registry's alias champion follow Git: it is set to the version that production's release names, for
// each model there. Its last line says which.
// +cache="never"
func (t *Training) Champion(ctx context.Context,
	// MLflow server, a URL
	tracking string,
	// That server on this machine, such as tcp://localhost:5000 for --tracking http://mlflow:5000 (any name, the same port)
	// +optional
	trackingServer *dagger.Service,
	// Token for that server
	// +optional
	trackingToken *dagger.Secret,
) (string, error) {
	run, err := t.run(ctx)
	if err != nil {
		return "", err
	}
	server, err := run.tracker(tracking, trackingServer, trackingToken)
	if err != nil {
		return "", err
	}
	champions, err := server.champion(ctx)
	if err != nil {
		return "", fmt.Errorf("no alias was moved: %v", err)
	}
	var lines []string
	for _, champion := range champions {
		what := "is champion already"
		if champion.Moved {
			what = "is champion now"
		}
		lines = append(lines, fmt.Sprintf("%s %s", champion.version, what))
	}
	if len(lines) == 0 {
		lines = append(lines, "production has no model: nothing was moved")
	}
	return strings.Join(lines, "\n"), nil
}
