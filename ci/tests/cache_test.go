package tests

import (
	"crypto/rand"
	"path/filepath"
	"testing"
)

// touch changes a component so that no earlier run of this test has its work.
func touch(t *testing.T, source string) {
	t.Helper()
	file := filepath.Join(source, "src/main/java/demo/App.java")
	write(t, file, read(t, file)+"// "+rand.Text()+"\n")
}

// work is what the test runner wrote of a component's tests. Each run of it names files by the clock, so that an equal
// text means that nothing was run again.
func work(t *testing.T, dir, source string) string {
	t.Helper()
	return dagger(t, dir, "-s", "call", "-m="+repository, "java", "--source="+source,
		"test", "files", "file", "--path=junit/target/surefire-reports/TEST-demo.AppTest.xml", "contents").passes(t)
}

// A changed line of source compiles again and downloads nothing.
func TestChangedLineDownloadsNothing(t *testing.T) {
	t.Parallel()
	source := project(t)
	touch(t, source)
	for _, stage := range []string{"build", "test"} {
		call(t, "java", "--source="+source, stage, "check").passes(t)
	}
	if downloads := fact(t, reportOf(t, "java", "--source="+source, "build"), "downloads"); downloads != "0" {
		t.Errorf("the build downloaded %s files", downloads)
	}
}

// A change in one component, or elsewhere in the repository, runs nothing of another again.
func TestChangeElsewhere(t *testing.T) {
	t.Parallel()
	dir := consumer(t)
	orders, payments := filepath.Join(dir, "apps/orders"), filepath.Join(dir, "apps/payments")
	touch(t, orders)
	touch(t, payments)
	ordersWork, paymentsWork := work(t, dir, "apps/orders"), work(t, dir, "apps/payments")

	touch(t, payments)
	write(t, filepath.Join(dir, "README.md"), rand.Text())
	git(t, dir, "add", ".")
	git(t, dir, "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message=Change")
	if work(t, dir, "apps/orders") != ordersWork {
		t.Error("a change elsewhere ran the tests of orders again")
	}
	if work(t, dir, "apps/payments") == paymentsWork {
		t.Error("a change of payments did not run its tests again: this test proves nothing")
	}
}
