package terraform

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/esteira/esteira/pipelines/acceptance"
	"github.com/esteira/esteira/pipelines/finding"
)

// The lines of a difference that say of which file and which line it is.
var (
	diffFile = regexp.MustCompile(`^\+\+\+ new/(.+)$`)
	diffLine = regexp.MustCompile(`^@@ -(\d+)`)
)

// Fmt remarks on the files that are not formatted, at the first line that differs, and on those that do not parse.
func (w *Workshop) Fmt(ctx context.Context) ([]acceptance.Remark, error) {
	output, complaint, err := w.run(ctx, ".", offline, "fmt", "-no-color", "-check", "-diff", "-recursive")
	if err != nil {
		return nil, err
	}
	return append(Unformatted(w.Name, string(output)), Remarks(w.Name, ".", Errors(Plain(complaint)))...), nil
}

// Unformatted remarks on what `fmt -check -diff` printed: a file each.
func Unformatted(tool, diff string) (remarks []acceptance.Remark) {
	next := 0 // the old file's next line
	for line := range strings.Lines(diff) {
		line = strings.TrimRight(line, "\n")
		if file := diffFile.FindStringSubmatch(line); file != nil {
			remarks = append(remarks, acceptance.Remark{Object: file[1], Finding: finding.Finding{
				Tool: tool, Rule: "fmt", Severity: finding.Low, Location: finding.Location{File: file[1]},
				Message: "is not formatted: run `tofu fmt -recursive`",
			}})
			continue
		}
		if at := diffLine.FindStringSubmatch(line); at != nil {
			next, _ = strconv.Atoi(at[1])
			continue
		}
		if next > 0 && len(remarks) > 0 && strings.HasPrefix(line, "-") {
			if last := &remarks[len(remarks)-1].Finding.Location; last.Line == 0 {
				last.Line = next
			}
		}
		next++
	}
	return remarks
}
