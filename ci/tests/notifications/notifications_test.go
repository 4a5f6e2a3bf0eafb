// Package notifications runs what k8s/argocd tells Argo CD's notifications to do by Argo CD's own library for them, against
// what answers as GitHub does.
package notifications

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/notifications-engine/pkg/api"
	"github.com/argoproj/notifications-engine/pkg/services"
	"github.com/argoproj/notifications-engine/pkg/subscriptions"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const manifests = "../../../k8s/argocd"

type object = map[string]any

// status is what notifications say at GitHub about a deployment.
type status struct {
	deployment                        int
	State, Environment, Address, Text string
}

// github answers as GitHub does to a GitHub App, about one repository. It has one deployment to production.
type github struct {
	t    *testing.T
	said []status
	// made are the deployments, each a commit and an environment: the first one has the number 1.
	made []object
}

const recorded = "1111111111111111111111111111111111111111"

func newGithub(t *testing.T) (*github, string) {
	t.Helper()
	g := &github{t: t, made: []object{{"id": 1, "sha": recorded, "environment": "production"}}}
	mux := http.NewServeMux()
	const repository = "/api/v3/repos/esteira/esteira/deployments"
	mux.HandleFunc("POST /app/installations/22/access_tokens", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusCreated, object{"token": "of-the-app", "expires_at": time.Now().Add(time.Hour)})
	})
	mux.HandleFunc("GET "+repository, func(w http.ResponseWriter, r *http.Request) {
		found := []object{}
		for _, one := range g.made {
			if one["sha"] == r.FormValue("ref") && one["environment"] == r.FormValue("environment") {
				found = append(found, one)
			}
		}
		answer(w, http.StatusOK, found)
	})
	mux.HandleFunc("POST "+repository, func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Ref, Environment string
			AutoMerge        *bool     `json:"auto_merge"`
			Required         *[]string `json:"required_contexts"`
		}
		g.read(r, &asked)
		// GitHub would merge the default branch first, or wait for every check of the commit.
		if asked.AutoMerge == nil || *asked.AutoMerge || asked.Required == nil || len(*asked.Required) != 0 {
			t.Errorf("a deployment was asked for that GitHub may refuse: %+v", asked)
		}
		g.made = append(g.made, object{"id": len(g.made) + 1, "sha": asked.Ref, "environment": asked.Environment})
		answer(w, http.StatusCreated, g.made[len(g.made)-1])
	})
	mux.HandleFunc("POST "+repository+"/{id}/statuses", func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			State, Environment, Description string
			LogURL                          string `json:"log_url"`
		}
		g.read(r, &asked)
		var id int
		if _, err := fmt.Sscan(r.PathValue("id"), &id); err != nil {
			t.Error(err)
		}
		g.said = append(g.said, status{id, asked.State, asked.Environment, asked.LogURL, asked.Description})
		answer(w, http.StatusCreated, object{"id": 1})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { t.Errorf("it asked %s %s", r.Method, r.URL) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return g, server.URL
}

func answer(w http.ResponseWriter, code int, what any) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(what) // who asked may have hung up
}

func (g *github) read(r *http.Request, into any) {
	if token := r.Header.Get("Authorization"); token != "token of-the-app" {
		g.t.Errorf("%s %s with %q", r.Method, r.URL, token)
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		g.t.Error(err)
	}
}

// notifications are Argo CD's, as the manifests have them, with the key of an App.
func notifications(t *testing.T, github string) api.API {
	t.Helper()
	var settings corev1.ConfigMap
	parse(t, "argocd-notifications-cm.yaml", &settings)
	settings.Data["service.github"] += "enterpriseBaseURL: " + github + "\n"
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	config, err := api.ParseConfig(&settings, &corev1.Secret{
		Data: map[string][]byte{"github-app-id": []byte("11"), "github-installation-id": []byte("22"), "github-private-key": text},
	})
	if err != nil {
		t.Fatal(err)
	}
	var context map[string]string
	if err := yaml.Unmarshal([]byte(settings.Data["context"]), &context); err != nil {
		t.Fatal(err)
	}
	parseTime := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err)
		}
		return at
	}
	// Of what Argo CD lets triggers and templates name (its util/notification/settings), these are what ours do.
	made, err := api.NewAPI(*config, func(app map[string]any, _ services.Destination) map[string]any {
		return object{"app": app, "context": context, "time": object{"Now": time.Now, "Parse": parseTime}}
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func parse(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(manifests, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// What became of a commit is said at its deployment: the one that the promotion recorded, or one that is made for it.
func TestNotifications(t *testing.T) {
	second, third := strings.Repeat("2", 40), strings.Repeat("3", 40)
	at := "https://argocd.example.com/applications/iris-"
	for _, test := range []struct {
		name, application, revision, phase, sync, health string
		ago                                              time.Duration
		want                                             []status
	}{
		{name: "at work", application: "prod", revision: recorded, phase: "Running", sync: "OutOfSync", health: "Progressing"},
		{name: "Flagger has not looked twice yet", application: "prod", revision: recorded, phase: "Succeeded", sync: "Synced", health: "Healthy", ago: 5 * time.Second},
		{name: "ill, and Flagger has not looked twice yet", application: "prod", revision: recorded, phase: "Succeeded", sync: "Synced", health: "Degraded", ago: 5 * time.Second},
		{"healthy", "prod", recorded, "Succeeded", "Synced", "Healthy", time.Minute,
			[]status{{1, "success", "production", at + "prod", "iris-prod runs " + recorded}}},
		{"healthy by a commit that nobody recorded", "prod", second, "Succeeded", "Synced", "Healthy", time.Minute,
			[]status{{2, "success", "production", at + "prod", "iris-prod runs " + second}}},
		{"a sync that failed", "prod", second, "Failed", "OutOfSync", "Healthy", 0,
			[]status{{2, "failure", "production", at + "prod", "iris-prod at " + second + ": its sync is Failed, its health Healthy"}}},
		{"taken back by Flagger", "prod", recorded, "Succeeded", "Synced", "Degraded", time.Minute,
			[]status{{1, "failure", "production", at + "prod", "iris-prod at " + recorded + ": its sync is Succeeded, its health Degraded"}}},
		{"a sync that could not begin, elsewhere", "staging", third, "Error", "OutOfSync", "Missing", 0,
			[]status{{2, "failure", "staging", at + "staging", "iris-staging at " + third + ": its sync is Error, its health Missing"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			github, address := newGithub(t)
			controller := notifications(t, address)
			var app object
			parse(t, "applications/iris-"+test.application+".yaml", &app)
			finished := time.Now().Add(-test.ago).UTC().Format(time.RFC3339)
			app["status"] = object{
				"sync":           object{"status": test.sync, "revision": test.revision},
				"health":         object{"status": test.health},
				"operationState": object{"phase": test.phase, "startedAt": finished, "finishedAt": finished},
			}
			for trigger, destinations := range subscribed(app) {
				results, err := controller.RunTrigger(trigger, app)
				if err != nil {
					t.Fatal(err)
				}
				for _, result := range results {
					if !result.Triggered {
						continue
					}
					if result.OncePer != test.revision {
						t.Errorf("%s is sent once per %q, not per commit", trigger, result.OncePer)
					}
					for _, to := range destinations {
						if err := controller.Send(app, result.Templates, to); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			if !slices.Equal(github.said, test.want) {
				t.Errorf("it said\n%+v; want\n%+v", github.said, test.want)
			}
		})
	}
}

// subscribed is where an application's annotations want which triggers sent to.
func subscribed(app object) services.Destinations {
	annotations := map[string]string{}
	for name, value := range app["metadata"].(object)["annotations"].(object) {
		annotations[name] = value.(string)
	}
	return subscriptions.NewAnnotations(annotations).GetDestinations(nil, nil)
}
