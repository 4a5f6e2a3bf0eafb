package java

import (
	"testing"
	"testing/fstest"

	"github.com/esteira/esteira/pipelines/finding"
)

const module = `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd">
<report name="a"><counter type="BRANCH" missed="1" covered="3"/><counter type="LINE" missed="2" covered="8"/></report>`

func TestCoverageAddsUpModules(t *testing.T) {
	got, err := Coverage(fstest.MapFS{
		"a/target/site/jacoco/jacoco.xml": {Data: []byte(module)},
		"b/target/site/jacoco/jacoco.xml": {Data: []byte(module)},
		"b/target/site/jacoco/index.html": {Data: []byte("<html>")},
		"b/target/site/jacoco/jacoco.csv": {Data: []byte("a,b")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := finding.Coverage{LinesCovered: 16, LinesMissed: 4, BranchesCovered: 6, BranchesMissed: 2}
	if got == nil || *got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestCoverageOfNothing(t *testing.T) {
	if got, err := Coverage(fstest.MapFS{}); got != nil || err != nil {
		t.Errorf("got %+v and %v, want neither", got, err)
	}
}

func TestCoverageRefusesADamagedReport(t *testing.T) {
	_, err := Coverage(fstest.MapFS{"jacoco.xml": {Data: []byte(module[:120])}})
	expect(t, err, "jacoco.xml")
}
