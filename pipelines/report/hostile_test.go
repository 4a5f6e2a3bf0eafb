package report

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"

	"github.com/esteira/esteira/pipelines/finding"
)

// attacks are texts that mean something in some format. They share no word with what
// a report says by itself.
var attacks = []string{
	"<script>alert(1)</script>", "</style><script>x</script>", `"><img src=x onerror=alert(1)>`, "' onclick='x", "<!-- ", "]]>", "</textarea></title>",
	"</code></pre></details>", "{{.Status}}", "javascript:alert(1)", "--share: 1; } body { display: none",
	"| a | b |", `a\|b`, "`` ` ``` ````", "```\n\n# h1", "~~~\n", "![x](https://evil.example/p.png)", "[x](https://evil.example)", "[x]: https://evil.example",
	"https://evil.example/a", "www.evil.example", "user@evil.example", "@everyone", "#12", "GH-12", "<https://evil.example>", "**b** _i_ ~~s~~ $x$", "&lt;b&gt; &#64;",
	"# h\n## h\n- l\n1. l\n> q\n---\n\n    code\n", "[^1]\n[^1]: foot", "+ 0", "- x", "7) x", "1. x", "[ ] x", "\\", "\\`", "a\n\n<details open>\n",
	"::error::injected", "\n::set-output name=x::y", "\r::stop-commands::x", "%0A::error::x", "x,file=y::z", "##[error]x",
	"\x1b[31mred\x1b[0m", "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "\x1b]0;title\x07", "\x9b2J", "\u009b2J", "a\rb", "a\bb\x00c", "\x7f",
	"\u202egnp.exe", "a\u2066b\u2069", "a\u200bb\ufeff", "\xff\xfe", "\u2028x", "\U000e0041",
}

// hostileRun says each attack in each place where a tool's text may stand.
func hostileRun() Run {
	var run Run
	for _, attack := range attacks {
		attack = strings.ToValidUTF8(attack, "\uFFFD") // JSON holds nothing else
		run.Stages = append(run.Stages, hostileStage(attack))
	}
	run.Title, run.Commit = attacks[0], attacks[2]
	return run
}

func hostileStage(attack string) Stage {
	tests := finding.Tests{}
	tests.Add(finding.Suite{Name: attack, Cases: []finding.Case{{
		Class: attack, Name: attack, Outcome: finding.Failed, Message: attack, Detail: attack,
		Location: finding.Location{File: attack, Line: 1},
	}}})
	return Stage{
		Name: attack, Status: Failed, Summary: attack, Remedy: attack, Tests: &tests, Log: attack,
		Duration: time.Second, Facts: []Fact{{attack, attack}},
		Figures: []Figure{{Title: attack, SVG: drawing, Alt: attack}},
		Changes: []Change{{Title: attack, Lines: []string{attack, "a → b"}}, {Title: attack}},
		Findings: []finding.Finding{{
			Tool: attack, Rule: attack, Severity: finding.High, Message: attack, Help: attack,
			Location: finding.Location{File: attack, Line: 2, Column: 3},
		}},
	}
}

// oneHostile is a run with one attack everywhere.
func oneHostile(attack string) Run {
	return Run{Title: attack, Commit: attack, Stages: []Stage{hostileStage(attack)}}
}

func render(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// skeleton is a page's elements and the names of their attributes, without texts.
func skeleton(t *testing.T, page string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var elements []string
	for node := range root.Descendants() {
		switch node.Type {
		case html.ElementNode:
			element := node.Data
			for _, attr := range node.Attr {
				element += " " + attr.Key
				if attr.Key == "href" && !strings.HasPrefix(attr.Val, "https://") && !strings.HasPrefix(attr.Val, "http://") {
					t.Errorf("a link to %q", attr.Val)
				}
				if attr.Key == "src" && !strings.HasPrefix(attr.Val, "data:image/svg+xml;base64,") {
					t.Errorf("something from %q", attr.Val)
				}
			}
			elements = append(elements, element)
		case html.CommentNode:
			elements = append(elements, "comment")
		}
	}
	return elements
}

// shape is what a page and Markdown are made of, without texts.
type shape struct{ page, markdown []string }

// shapes are those of tame runs, by their links: most attacks have none, and so the same one.
var shapes = map[string]shape{}

// tame is the shape that an attack's must not differ from. Help that is an address of the web is a link, and may be.
func tame(t *testing.T, attack string) shape {
	t.Helper()
	link := hostileStage(attack).clean().Findings[0].Link()
	known, is := shapes[link]
	if !is {
		run := oneHostile("tame")
		run.Stages[0].Findings[0].Help = link
		known = shape{skeleton(t, render(t, run.HTML)), markdownTree(render(t, run.Markdown))}
		shapes[link] = known
	}
	return known
}

func checkHTML(t *testing.T, attack string) {
	t.Helper()
	got := skeleton(t, render(t, oneHostile(attack).HTML))
	if want := tame(t, attack).page; !reflect.DeepEqual(got, want) {
		t.Errorf("%q changes the page:\n%q\nwant\n%q", attack, got, want)
	}
}

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))

// markdownTree is what Markdown is made of, without texts; links with their address.
func markdownTree(source string) []string {
	var nodes []string
	root := markdown.Parser().Parse(text.NewReader([]byte(source)))
	_ = ast.Walk(root, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *ast.Text, *ast.String:
		case *ast.Link:
			nodes = append(nodes, "Link")
		case *ast.HTMLBlock:
			var raw strings.Builder
			for i := range node.Lines().Len() {
				line := node.Lines().At(i)
				raw.Write(line.Value([]byte(source)))
			}
			nodes = append(nodes, "HTMLBlock "+strings.Join(tags(raw.String()), " "))
		case *extast.Table:
			nodes = append(nodes, "Table")
		default:
			nodes = append(nodes, node.Kind().String())
		}
		return ast.WalkContinue, nil
	})
	return nodes
}

// tags are the elements that an HTML block opens and closes.
func tags(block string) []string {
	var names []string
	tokens := html.NewTokenizer(strings.NewReader(block))
	for tokens.Next() != html.ErrorToken {
		if token := tokens.Token(); token.Type != html.TextToken {
			names = append(names, token.Type.String()+" "+token.Data+fmt.Sprint(token.Attr))
		}
	}
	return names
}

func checkMarkdown(t *testing.T, attack string) {
	t.Helper()
	source := render(t, oneHostile(attack).Markdown)
	got := markdownTree(source)
	if want := tame(t, attack).markdown; !reflect.DeepEqual(got, want) {
		t.Errorf("%q changes the Markdown:\n%q\nwant\n%q\n%s", attack, got, want, source)
	}
	if mention := outsideCode(source); mention != "" {
		t.Errorf("%q makes GitHub link %q", attack, mention)
	}
}

var githubLinks = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9]|\bgh-[0-9]`)

// outsideCode is the first mention or reference that GitHub would link: in the texts
// as they are after rendering, but not in code or in an address.
func outsideCode(source string) string {
	var page bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(goldmarkhtml.WithUnsafe())).Convert([]byte(source), &page); err != nil {
		return err.Error()
	}
	root, err := html.Parse(&page)
	if err != nil {
		return err.Error()
	}
	for node := range root.Descendants() {
		if node.Type != html.TextNode || node.Parent.Data == "code" || node.Parent.Data == "pre" {
			continue
		}
		if found := githubLinks.FindString(node.Data); found != "" {
			return found
		}
	}
	return ""
}

var command = regexp.MustCompile(`^::(error|warning|notice)( [a-z]+=[^:,\r\n]*(,[a-z]+=[^:,\r\n]*)*)?::[^\r\n]*$`)

func checkAnnotations(t *testing.T, attack string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(oneHostile(attack).Annotations(), "\n"), "\n")
	if len(lines) != 2 { // the finding and the failing test
		t.Errorf("%q makes %d lines: %q", attack, len(lines), lines)
	}
	for _, line := range lines {
		if !command.MatchString(line) || strings.IndexFunc(line, uncanny) >= 0 {
			t.Errorf("%q makes the line %q", attack, line)
		}
	}
}

func checkText(t *testing.T, attack string) {
	t.Helper()
	run := oneHostile(attack)
	for _, out := range []string{render(t, func(w io.Writer) error { return run.Text(w, false) }), run.Err().Error()} {
		if i := strings.IndexFunc(strings.ReplaceAll(out, "\n", ""), uncanny); i >= 0 {
			t.Errorf("%q reaches the terminal: %q", attack, out)
		}
	}
}

// uncanny says whether a terminal obeys a character, or doesn't show it.
func uncanny(r rune) bool {
	return r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
}

func checkFiles(t *testing.T, attack string) {
	t.Helper()
	run := oneHostile(attack)
	var log, junit bytes.Buffer
	if err := run.SARIF(&log); err != nil {
		t.Fatal(err)
	}
	if findings, err := finding.FromSARIF(&log); err != nil || len(findings) != 2 {
		t.Errorf("%q: SARIF holds %d findings, error %v", attack, len(findings), err)
	}
	if err := run.JUnit(&junit); err != nil {
		t.Fatal(err)
	}
	if tests, err := finding.FromJUnit(&junit); err != nil || tests.Total() != 2 || tests.Failed != 2 {
		t.Errorf("%q: JUnit holds %+v, error %v", attack, tests, err)
	}
}

func checkAll(t *testing.T, attack string) {
	t.Helper()
	checkHTML(t, attack)
	checkMarkdown(t, attack)
	checkAnnotations(t, attack)
	checkText(t, attack)
	checkFiles(t, attack)
}

// FuzzWhatAToolSaysIsData tries all attacks in each test run, and more than those where fuzzing is asked for.
func FuzzWhatAToolSaysIsData(f *testing.F) {
	for _, attack := range attacks {
		f.Add(attack)
	}
	f.Fuzz(func(t *testing.T, attack string) {
		if strings.TrimSpace(attack) == "" {
			t.Skip("a report with nothing in it is refused")
		}
		checkAll(t, attack)
	})
}

// TestColourIsAnOption: without it not a single control character is written.
func TestColourIsAnOption(t *testing.T) {
	plain := render(t, func(w io.Writer) error { return green().Text(w, false) })
	coloured := render(t, func(w io.Writer) error { return green().Text(w, true) })
	if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b[") {
		t.Errorf("plain %q\ncoloured %q", plain, coloured)
	}
}

var loading = map[string]bool{
	"script": true, "link": true, "image": true, "iframe": true, "object": true, "embed": true,
	"video": true, "audio": true, "source": true, "form": true, "base": true,
}

// TestPageLoadsNothing: no element of the page may fetch or run anything. Images lie in the page (skeleton looks at where
// they come from).
func TestPageLoadsNothing(t *testing.T) {
	files, err := filepath.Glob("testdata/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages to look at: %v", err)
	}
	for _, file := range files {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, element := range skeleton(t, string(page)) {
			name, attributes, _ := strings.Cut(element, " ")
			if loading[name] {
				t.Errorf("%s: <%s>", file, name)
			}
			if name != "img" && strings.Contains(attributes, "src") || strings.Contains(attributes, "srcset") || strings.Contains(" "+attributes, " on") {
				t.Errorf("%s: <%s>", file, element)
			}
		}
		if bytes.Contains(page, []byte("url(")) || bytes.Contains(page, []byte("@import")) {
			t.Errorf("%s: its style loads something", file)
		}
	}
}
