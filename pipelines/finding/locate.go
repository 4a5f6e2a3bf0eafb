package finding

import (
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var (
	// jvmFrame is a line of a stack trace as Throwable.printStackTrace and
	// StackTraceElement.toString write it, a class loader or module before it:
	// at app//com.acme.OrderTest.pays(OrderTest.java:42)
	jvmFrame = regexp.MustCompile(`(?m)^\s*at (?:\S*/)?([\w.$]+)\.[\w$<>]+\(([\w$]+\.\w+):(\d+)\)`)
	// pytestPlace is the place that pytest puts below an excerpt of source:
	// tests/test_order.py:42: AssertionError
	pytestPlace = regexp.MustCompile(`(?m)^([^\s:]+\.py):(\d+): `)
)

// locate tells where a test went wrong: the topmost frame of the test's own class
// (as its package's path, which Tests.Locate finds in the sources), or pytest's
// last place inside the project. Without such a trace it is the file that the
// runner named, if any. Line attributes are not used: pytest counts them from 0,
// others from 1.
func locate(c Case, file string) Location {
	for _, frame := range jvmFrame.FindAllStringSubmatch(c.Detail, -1) {
		if outermost(frame[1]) == outermost(c.Class) {
			folder, _ := splitClass(outermost(c.Class))
			return at(path.Join(folder, frame[2]), frame[3])
		}
	}
	places := pytestPlace.FindAllStringSubmatch(c.Detail, -1)
	for i := len(places) - 1; i >= 0; i-- {
		if filepath.IsLocal(places[i][1]) {
			return at(places[i][1], places[i][2])
		}
	}
	return Location{File: file}
}

func at(file, line string) Location {
	number, err := strconv.Atoi(line)
	if err != nil { // digits beyond an int: no line of any file
		return Location{File: file}
	}
	return Location{File: file, Line: number}
}

// outermost is the class that the file is named for.
func outermost(class string) string {
	name, _, _ := strings.Cut(class, "$")
	return name
}

func splitClass(class string) (folder, name string) {
	dot := strings.LastIndex(class, ".")
	return strings.ReplaceAll(class[:max(dot, 0)], ".", "/"), class[dot+1:]
}

// Locate replaces each place that is known by its package's path only
// (com/acme/OrderTest.java) by the one among files that ends with it
// (apps/orders/src/test/java/com/acme/OrderTest.java). Where none or several do,
// the place stays as it is.
func (t Tests) Locate(files []string) Tests {
	suites := make([]Suite, len(t.Suites))
	for i, suite := range t.Suites {
		suites[i] = Suite{Name: suite.Name, Cases: append([]Case(nil), suite.Cases...)}
		for j := range suites[i].Cases {
			place := &suites[i].Cases[j].Location
			if found := endingWith(files, place.File); len(found) == 1 {
				place.File = found[0]
			}
		}
	}
	t.Suites = suites
	return t
}

func endingWith(files []string, name string) []string {
	var found []string
	for _, file := range files {
		if name != "" && strings.HasSuffix("/"+file, "/"+name) {
			found = append(found, file)
		}
	}
	return found
}
