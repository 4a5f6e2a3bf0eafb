package component

import (
	"fmt"
	"testing"
)

func TestDiscover(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []string
		want  string
	}{
		{"nothing", []string{"README.md"}, "[]"},
		{"Maven with modules", []string{"shop/pom.xml", "shop/api/pom.xml", "shop/api/src/A.java"}, "[shop shop java]"},
		{"Gradle", []string{"a/settings.gradle.kts", "a/app/build.gradle", "b/build.gradle.kts"}, "[a a java; b b java]"},
		{"at the root", []string{"pom.xml", "sub/pom.xml"}, "[repository . java]"},
		{"Python and a training", []string{"x/pyproject.toml", "ml/pyproject.toml", "ml/train.py"}, "[ml ml training; x x python]"},
		{"one in another", []string{"pom.xml", "tools/pyproject.toml"}, "[repository . java; tools tools python]"},
		{"manifests", []string{"k8s/base/kustomization.yaml", "k8s/overlays/prod/kustomization.yml", "deploy/app/Kustomization"}, "[app deploy/app manifests; k8s k8s manifests]"},
		{"Terraform", []string{"infra/modules/a/main.tf", "infra/environments/dev/main.tf"}, "[infra infra terraform]"},
		{"Terraform at the root", []string{"main.tf", "modules/a/main.tf"}, "[repository . terraform]"},
		{"what is passed over", []string{"testdata/pom.xml", "a/node_modules/b/pyproject.toml", ".hidden/main.tf", "a/target/pom.xml", "a/build/pom.xml", "vendor/x/pom.xml"}, "[]"},
		{"names that are taken", []string{"a/app/pom.xml", "b/app/pom.xml", "c/b/app/pom.xml"}, "[app a/app java; b-app b/app java; b-app-2 c/b/app java]"},
		{"names that need washing", []string{"My_App (2)/pom.xml", "ÄÖ/pom.xml"}, "[my-app-2 My_App (2) java; repository ÄÖ java]"},
		{"two kinds in a folder", []string{"a/pom.xml", "a/pyproject.toml"}, "[a a java]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := "["
			for i, c := range Discover(test.files) {
				if i > 0 {
					got += "; "
				}
				got += fmt.Sprintf("%s %s %s", c.Name, c.Path, c.Kind)
			}
			if got += "]"; got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
