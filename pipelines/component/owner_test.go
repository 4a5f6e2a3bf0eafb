package component

import (
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/esteira/esteira/pipelines/config"
)

const ours = "../../esteira.yaml"

func tracked(t *testing.T) []string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = "../.."
	output, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	files := strings.Split(strings.TrimRight(string(output), "\x00"), "\x00")
	if len(files) < 500 {
		t.Fatalf("only %d files: is this a whole checkout?", len(files))
	}
	return files
}

// Each file of this repository is a component's, is stood on by every component, or is nobody's for a reason; and each entry
// that says so holds a file.
func TestEachFileOfOursIsOwned(t *testing.T) {
	c, err := config.ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	used := map[Owner]bool{}
	for _, file := range tracked(t) {
		owner := OwnerOf(c, file)
		if !owner.Known() {
			t.Errorf("%s is nobody's: say in esteira.yaml whose it is, or why it is nobody's", file)
		}
		used[owner] = true
	}
	for _, path := range c.Everything {
		if !used[Owner{Everything: path}] {
			t.Errorf("everything: %s holds no file", path)
		}
	}
	for _, unowned := range c.Unowned {
		if !used[Owner{Unowned: unowned.Reason}] {
			t.Errorf("unowned: %s holds no file", unowned.Path)
		}
	}
}

// What is discovered in this repository is what esteira.yaml says, but for names and owners.
func TestDiscoveredIsWhatOursSays(t *testing.T) {
	c, err := config.ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]config.Kind{}
	for _, found := range Discover(tracked(t)) {
		if OwnerOf(c, found.Path+"/x").Component != "" {
			kinds[found.Path] = found.Kind
		}
	}
	for _, component := range c.Components {
		if kinds[component.Path] != component.Kind {
			t.Errorf("%s is discovered as %q, and is %s", component.Path, kinds[component.Path], component.Kind)
		}
		delete(kinds, component.Path)
	}
	if len(kinds) > 0 {
		t.Errorf("discovered, and not in esteira.yaml: %v", kinds)
	}
}

// Whatever a table says, a file has one owner at most: the entry with the longest path that holds it.
func TestTheLongestPathOwns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var c config.Config
		var paths []string
		for range random.IntN(6) {
			path := somePath(random)
			if slices.Contains(paths, path) {
				continue
			}
			paths = append(paths, path)
			switch random.IntN(3) {
			case 0:
				c.Components = append(c.Components, config.Component{Name: path, Path: path})
			case 1:
				c.Everything = append(c.Everything, path)
			case 2:
				c.Unowned = append(c.Unowned, config.Unowned{Path: path, Reason: path})
			}
		}
		file := somePath(random) + "/file"
		longest := ""
		for _, path := range paths {
			if strings.HasPrefix(file, path+"/") && len(path) > len(longest) {
				longest = path
			}
		}
		owner := OwnerOf(c, file)
		if owner.Component+owner.Everything+owner.Unowned != longest {
			t.Fatalf("%s of %q is %+v, want %q", file, paths, owner, longest)
		}
	}
}

func somePath(random *rand.Rand) string {
	parts := make([]string, 1+random.IntN(3))
	for i := range parts {
		parts[i] = string("abc"[random.IntN(3)])
	}
	return strings.Join(parts, "/")
}

func TestRootHoldsAll(t *testing.T) {
	c := config.Config{Components: []config.Component{{Name: "all", Path: "."}, {Name: "a", Path: "a"}}}
	for file, want := range map[string]string{"x": "all", "a/x": "a", "ab/x": "all"} {
		if got := OwnerOf(c, file).Component; got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
}
