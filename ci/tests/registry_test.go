package tests

import (
	"maps"
	"regexp"
	"strings"
	"testing"
)

// Publishing prints the reference with its digest last, and doing it again changes nothing in the registry.
func TestPublish(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	publish := append([]string{"java", "--source=" + project(t), "publish", "--ref=" + r.host() + "/team/app:1.0.0"}, r.login(t, r.password)...)

	first := lastLine(call(t, publish...).passes(t))
	if want := regexp.MustCompile(`^` + r.host() + `/team/app(:1\.0\.0)?@sha256:[0-9a-f]{64}$`); !want.MatchString(first) {
		t.Errorf("the last line is %q, want %s", first, want)
	}
	digest := first[strings.LastIndex(first, "@")+1:]
	if image := call(t, "java", "--source="+project(t), "image", "digest").passes(t); image != digest {
		t.Errorf("%s was pushed, `image digest` is %s", digest, image)
	}
	pushed := r.tree(t)
	if len(pushed) == 0 {
		t.Error("the registry is empty")
	}

	if second := lastLine(call(t, publish...).passes(t)); second != first {
		t.Errorf("pushed first as %s, then as %s", first, second)
	}
	if again := r.tree(t); !maps.Equal(again, pushed) {
		t.Errorf("the second push changed the registry:\n%v\nbecame\n%v", pushed, again)
	}
}

func lastLine(text string) string { return text[strings.LastIndex(text, "\n")+1:] }

// Whatever is wrong with a push, the error says so and nothing arrives.
func TestRefusedPublish(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	good := "--ref=" + r.host() + "/team/app:1.0.0"
	cases := []struct {
		name  string
		fault string
		flags []string
		says  []string
	}{
		{"wrong password", "", append(r.login(t, "wrong"), good), []string{"nothing was pushed", r.host(), "401", "check --username and --password"}},
		{"no password", "", []string{r.service(), good}, []string{"nothing was pushed", r.host(), "401", "check --username and --password"}},
		{"user without password", "", []string{r.service(), good, "--username=" + team}, []string{"--username and --password go together"}},
		{"password without user", "", []string{r.service(), good, "--password=" + secret(t, r.password)}, []string{"--username and --password go together"}},
		{"upper case", "", append(r.login(t, r.password), "--ref="+r.host()+"/UPPER/case:1"), []string{"UPPER/case", "REGISTRY/REPOSITORY:TAG"}},
		{"colons", "", append(r.login(t, r.password), "--ref=a:b:c"), []string{"a:b:c", "REGISTRY/REPOSITORY:TAG"}},
		{"no tag", "", append(r.login(t, r.password), "--ref="+r.host()+"/team/app"), []string{r.host() + "/team/app", "REGISTRY/REPOSITORY:TAG"}},
		{"empty", "", append(r.login(t, r.password), "--ref="), []string{`""`, "REGISTRY/REPOSITORY:TAG"}},
		{"red test", "failing-test", append(r.login(t, r.password), good), []string{"nothing was pushed", "1 of 2", "AppTest"}},
		{"compile error", "compile-error", append(r.login(t, r.password), good), []string{"nothing was pushed", "App.java:11"}},
		{"no application", "library", append(r.login(t, r.password), good), []string{"nothing was pushed", "names no Main-Class"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			source := project(t)
			if test.fault != "" {
				source = project(t, test.fault)
			}
			call(t, append([]string{"java", "--source=" + source, "publish"}, test.flags...)...).fails(t, test.says...)
			r.isEmpty(t)
		})
	}
}

// A registry that is down is told apart from one that refuses: by itself, and where it is handed in as a service.
func TestPublishToNothing(t *testing.T) {
	t.Parallel()
	publish := []string{"java", "--source=" + project(t), "publish"}
	call(t, append(publish, "--ref=127.0.0.1:9/team/app:1")...).
		fails(t, "nothing was pushed", "127.0.0.1:9", "does not answer", "whether it is up")
	r := startRegistry(t)
	r.server.Close()
	call(t, append(publish, r.service(), "--ref="+r.host()+"/team/app:1")...).fails(t, r.host())
	r.isEmpty(t)
}

// The whole pipeline pushes to the registry too, and reports every stage.
func TestPipelineRefused(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	pipeline := append([]string{"java", "--source=" + project(t, "failing-test"), "pipeline", "--ref=" + r.host() + "/team/app:1"}, r.login(t, r.password)...)
	call(t, append(pipeline, "check")...).fails(t, "test failed", "1 of 2")
	r.isEmpty(t)
}
