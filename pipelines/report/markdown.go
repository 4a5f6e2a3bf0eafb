package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
)

// How much of a red run Markdown shows: GitHub takes 1 MiB of job summary and 65 536
// characters of comment. HTML and JSON have all of it.
const (
	mostItems = 50   // of findings of one severity, and of failing tests
	mostText  = 4000 // bytes of a stack trace or log, its end
)

var marks = map[Status]string{Passed: "✅", Failed: "❌", Undecided: "⚠️", Skipped: "⏭️"}

// Markdown writes the run in GitHub Flavored Markdown, for a comment or job summary.
func (r Run) Markdown(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	_, err := io.WriteString(w, r.markdown())
	return err
}

func (r Run) markdown() string {
	r = r.clean()
	var b strings.Builder
	fmt.Fprintf(&b, "## %s %s\n\n%s\n\n", marks[r.Status()], md(r.heading()), md(r.subheading()))
	r = r.shown()
	b.WriteString(r.table())
	for _, stage := range r.Stages {
		b.WriteString(stage.markdown())
	}
	return b.String()
}

func (r Run) heading() string { return strings.TrimSpace(r.Title + " " + string(r.Status())) }

func (r Run) subheading() string {
	if r.Commit == "" {
		return r.about()
	}
	return r.about() + " · commit " + r.Commit
}

// about says how many stages took how long, and when.
func (r Run) about() string {
	text := count(len(r.Stages), "stage") + " in " + Took(r.Duration)
	if !r.Started.IsZero() {
		text += " · " + r.Started.UTC().Format("2006-01-02 15:04 UTC")
	}
	return text
}

func (r Run) table() string {
	var b strings.Builder
	b.WriteString("| | Stage | Result | Time |\n|---|---|---|--:|\n")
	for _, s := range r.Stages {
		result := md(s.Summary)
		if s.Status.Red() && s.Remedy != "" {
			result += " → **" + md(s.Remedy) + "**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", marks[s.Status], md(s.Name), result, s.took())
	}
	return b.String() + "\n"
}

// markdown is what a stage has to show beyond its line in the table.
func (s Stage) markdown() string {
	var b strings.Builder
	b.WriteString(factList(s.Facts))
	b.WriteString(figureList(s.Figures))
	b.WriteString(failingTests(s.failing()))
	b.WriteString(findingList(s.Findings))
	b.WriteString(changeList(s.Changes))
	if s.Status.Red() && s.Log != "" {
		b.WriteString(details("End of the log", fenced(end(s.Log))))
	}
	if b.Len() == 0 {
		return ""
	}
	return fmt.Sprintf("### %s\n\n%s", md(s.Name), b.String())
}

func factList(facts []Fact) string {
	var b strings.Builder
	for _, fact := range facts {
		fmt.Fprintf(&b, "- %s: %s\n", md(fact.Name), code(fact.Value))
	}
	return closed(&b)
}

// figureList says figures in words: GitHub shows no image that lies in the text itself.
func figureList(figures []Figure) string {
	var b strings.Builder
	for _, f := range figures {
		fmt.Fprintf(&b, "- **%s**: %s\n", md(f.Title), md(f.Alt))
	}
	return closed(&b)
}

func failingTests(failing []finding.Case) string {
	var b strings.Builder
	for _, c := range failing[:min(len(failing), mostItems)] {
		title := fmt.Sprintf("%s %s: %s", c.FullName(), c.Outcome, oneLine(c.Message))
		b.WriteString(details(title, fenced(end(cmp.Or(c.Detail, c.Message)))))
	}
	b.WriteString(more(len(failing), "failing test"))
	return b.String()
}

func findingList(findings []finding.Finding) string {
	var b strings.Builder
	for _, severity := range finding.Severities {
		group := ofSeverity(findings, severity)
		if len(group) == 0 {
			continue
		}
		fmt.Fprintf(&b, "**%s** (%d)\n\n", severity, len(group))
		for _, f := range group[:min(len(group), mostItems)] {
			fmt.Fprintf(&b, "- %s%s %s\n", place(f), rule(f), md(oneLine(f.Message)))
		}
		b.WriteString(more(len(group), "finding"))
		closed(&b)
	}
	return b.String()
}

// changeList folds each change under its title.
func changeList(changes []Change) string {
	var b strings.Builder
	for _, change := range changes[:min(len(changes), mostItems)] {
		if len(change.Lines) == 0 {
			fmt.Fprintf(&b, "%s\n\n", md(change.Title))
			continue
		}
		b.WriteString(details(change.Title, fenced(beginning(strings.Join(change.Lines, "\n")))))
	}
	b.WriteString(more(len(changes), "change"))
	return b.String()
}

// beginning is the beginning of a text, whole lines of it, that fits in mostText bytes.
func beginning(text string) string {
	if len(text) <= mostText {
		return text
	}
	head := text[:mostText]
	if at := strings.LastIndex(head, "\n"); at >= 0 {
		head = head[:at]
	}
	return strings.ToValidUTF8(head, "") + "\n…"
}

func ofSeverity(findings []finding.Finding, severity finding.Severity) []finding.Finding {
	var group []finding.Finding
	for _, f := range findings {
		if f.Severity == severity {
			group = append(group, f)
		}
	}
	return group
}

func place(f finding.Finding) string {
	if f.Location.File == "" {
		return ""
	}
	return code(f.Location.String()) + " "
}

func rule(f finding.Finding) string {
	name := md(strings.TrimSpace(f.Tool + " " + f.Rule))
	if link := f.Link(); link != "" {
		return fmt.Sprintf("[%s](<%s>)", name, mdAddress.Replace(link))
	}
	return name
}

func more(total int, noun string) string {
	if total <= mostItems {
		return ""
	}
	return fmt.Sprintf("\n… and %s more, in the HTML and JSON reports.\n", count(total-mostItems, noun))
}

// closed ends a list with a blank line, where there is one.
func closed(b *strings.Builder) string {
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// details folds Markdown under a line of text. That line stands in an HTML block, where
// HTML's escapes hold and not Markdown's (§4.6).
func details(summary, body string) string {
	return fmt.Sprintf("<details><summary>%s</summary>\n\n%s\n</details>\n\n", html.EscapeString(unmentioned(summary)), body)
}

// end is the end of a text, whole lines of it, that fits in mostText bytes.
func end(text string) string {
	if len(text) <= mostText {
		return text
	}
	tail := text[len(text)-mostText:]
	if _, rest, ok := strings.Cut(tail, "\n"); ok {
		tail = rest
	}
	return "…\n" + strings.ToValidUTF8(tail, "")
}

var (
	// mdEscape takes the meaning from each character that has one inside a line:
	// CommonMark 0.31 §2.4 allows a backslash before any ASCII punctuation. The $ is
	// GitHub's mathematics, the colon before slashes and the dot after www its links.
	mdEscape = strings.NewReplacer(
		`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `<`, `\<`, `>`, `\>`,
		`|`, `\|`, `~`, `\~`, `&`, `\&`, `$`, `\$`, `://`, `\:\/\/`, `www.`, `www\.`, `#`, `\#`, `!`, `\!`,
	)
	// mdStart matches what would make a list of a text that begins a block (§5.2).
	mdStart = regexp.MustCompile(`^(\d*)([-+.)])( |$)`)
	// mdMention matches what GitHub links after rendering, so that no backslash
	// helps: @user and user@host, #12, GH-12.
	mdMention = regexp.MustCompile(`(@|#|(?i:\bgh-))([\pL\pN_])`)
	// mdAddress keeps an address inside of <>.
	mdAddress = strings.NewReplacer("<", "%3C", ">", "%3E", `\`, "%5C", "&", "&amp;", "|", "%7C", "\n", "%0A")
	backticks = regexp.MustCompile("`+")
)

// md is text in a line of Markdown that is shown as it is. A word joiner, which has
// no width, keeps GitHub from making mentions and references of it.
func md(text string) string {
	return mdStart.ReplaceAllString(mdEscape.Replace(unmentioned(text)), `$1\$2$3`)
}

func unmentioned(text string) string { return mdMention.ReplaceAllString(text, "$1\u2060$2") }

// code is text as a code span, where nothing has a meaning but the backticks of the
// fence (CommonMark 0.31 §6.1). It doesn't belong into a table.
func code(text string) string {
	if text == "" {
		return ""
	}
	fence := strings.Repeat("`", longestRun(text)+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// fenced is text as a fenced code block (§4.5).
func fenced(text string) string {
	fence := strings.Repeat("`", max(longestRun(text)+1, 3))
	return fence + "text\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}

func longestRun(text string) int {
	longest := 0
	for _, run := range backticks.FindAllString(text, -1) {
		longest = max(longest, len(run))
	}
	return longest
}
