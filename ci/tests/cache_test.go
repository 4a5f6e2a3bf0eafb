package tests

import (
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
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

// What a call found stays true when the folder that it was made from is gone, as the workspaces of other jobs on the same
// engine are: two calls share a file, and each is repeated from another folder. No other test may run meanwhile: see
// workspaces.
func TestFoldersOfOtherCallsAreGone(t *testing.T) {
	first, second := project(t), project(t)
	touch(t, first)
	touch(t, second)
	test := func(source string) []string { return []string{"java", "--source=" + source, "test", "status"} }
	var together sync.WaitGroup
	for _, source := range []string{first, second} {
		together.Go(func() {
			run(t.Context(), environment(), repository, append([]string{"-s", "call"}, test(source)...)...)
		})
	}
	together.Wait()
	for _, source := range []string{first, second} {
		moved := filepath.Join(workspace(t), "moved")
		if err := os.Rename(source, moved); err != nil {
			t.Fatal(err)
		}
		if status := call(t, test(moved)...).passes(t); status != "passed" {
			t.Errorf("its status is %q", status)
		}
	}
}

// A registry that was down is asked again: what could not be decided is not kept.
func TestUndecidedIsAskedAgain(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	mirror := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	build := func() {
		call(t, "--maven-mirror="+mirror, "java", "--source="+project(t), "build", "check").fails(t, "build undecided", "503", "--maven-mirror")
	}
	build()
	asked := requests.Load()
	if asked == 0 {
		t.Fatal("the mirror was not asked: this test proves nothing")
	}
	build()
	if requests.Load() == asked {
		t.Error("the mirror was not asked again")
	}
}
