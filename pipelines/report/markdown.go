package report

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/esteira/esteira/pipelines/finding"
)

// How much of a run Markdown shows. HTML and JSON have all of it.
const (
	mostItems    = 50      // of findings of one severity, and of failing tests
	mostText     = 4000    // bytes of a stack trace or log, its end
	mostSentence = 300     // bytes of a summary in the table
	mostComment  = 60_000  // bytes of all: GitHub takes 65 536 characters of a comment
	mostSummary  = 1 << 20 // bytes that GitHub takes of a step's summary
)

var marks = map[Status]string{Passed: "✅", Failed: "❌", Undecided: "⚠️", Skipped: "⏭️"}

// Markdown writes the run in GitHub Flavored Markdown, for a comment: what blocks first, and less of what matters less
// where it would be too long.
func (r Run) Markdown(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	_, err := io.WriteString(w, r.markdown(mostComment))
	return err
}

// markdown is the run in at most so many bytes.
func (r Run) markdown(most int) string {
	r = r.clean()
	head := fmt.Sprintf("## %s %s\n\n%s\n\n", marks[r.Status()], md(beginningOf(r.heading(), mostSentence)), md(beginningOf(r.subheading(), mostSentence)))
	r = r.shown()
	head += r.obstacleList(most/3) + r.table(most/3)
	return head + r.details(most-len(head))
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
	known := 0
	for _, s := range r.Stages {
		known += s.Known()
	}
	if known > 0 {
		text += " · " + count(known, "finding") + " there before"
	}
	if !r.Started.IsZero() {
		text += " · " + r.Started.UTC().Format("2006-01-02 15:04 UTC")
	}
	return text
}

// obstacleList is what blocks, by file, in about so many bytes.
func (r Run) obstacleList(most int) string {
	var b strings.Builder
	left := 0
	for _, file := range r.obstacles() {
		var items strings.Builder
		for i, o := range file.Said {
			item := o.markdown()
			if i >= mostItems || b.Len()+items.Len()+len(item) > most {
				left++
				continue
			}
			items.WriteString(item)
		}
		if items.Len() > 0 {
			fmt.Fprintf(&b, "**%s**\n\n%s\n", cmp.Or(code(beginningOf(file.File, mostSentence)), "In no file"), items.String())
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "… and %s more, in the HTML and JSON reports.\n\n", count(left, "obstacle"))
	}
	if b.Len() == 0 {
		return ""
	}
	return "### What blocks\n\n" + b.String()
}

func (o obstacle) markdown() string {
	text := "- "
	if o.Location.Line > 0 {
		text += fmt.Sprintf("line %d: ", o.Location.Line)
	}
	text += fmt.Sprintf("%s (%s · %s · %s)", md(beginningOf(oneLine(o.Message), 3*mostSentence)), o.Severity, rule(o.Finding), md(o.Stage))
	if o.Remedy != "" {
		text += " → **" + md(beginningOf(o.Remedy, mostSentence)) + "**"
	}
	return text + "\n"
}

// table is a line for each stage, in about so many bytes: what is green is left out first.
func (r Run) table(most int) string {
	const head = "| | Stage | Result | Time | When |\n|---|---|---|--:|---|\n"
	rows, size := make([]string, len(r.Stages)), len(head)
	line := r.timeline()
	left := 0
	for _, red := range []bool{true, false} {
		for i, s := range r.Stages {
			if s.Status.Red() != red {
				continue
			}
			row := s.row(line[i])
			if size += len(row); size > most {
				left++
				continue
			}
			rows[i] = row
		}
	}
	table := head + strings.Join(rows, "")
	if left > 0 {
		table += fmt.Sprintf("\n… and %s more, in the HTML and JSON reports.\n", count(left, "stage"))
	}
	return table + "\n"
}

// row is the stage in the table. What to do stands above it, with what blocks.
func (s Stage) row(when span) string {
	result := md(beginningOf(s.Summary, mostSentence))
	if s.Advisory != "" {
		result += " · _does not block: " + md(beginningOf(s.Advisory, mostSentence)) + "_"
	}
	bar := ""
	if s.Duration > 0 {
		bar = "`" + strings.ReplaceAll(when.bar(), " ", "\u00a0") + "`"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", marks[s.Status], md(beginningOf(s.Name, mostSentence)), result, s.took(), bar)
}

// beginningOf is the beginning of a line, with a sign that it goes on.
func beginningOf(line string, most int) string {
	if len(line) <= most {
		return line
	}
	return strings.ToValidUTF8(line[:most], "") + "…"
}

// details are what stages have to show, in at most so many bytes: what matters least is left out first, and that is said.
func (r Run) details(most int) string {
	all := make([][]string, len(r.Stages))
	for i, s := range r.Stages {
		all[i] = s.details()
	}
	var left []string
	for kind := len(detailKinds) - 1; kind >= 0 && len(join(r.Stages, all)) > most-mostSentence; kind-- {
		left = append(left, detailKinds[kind])
		for i := range all {
			all[i] = all[i][:min(len(all[i]), kind)]
		}
	}
	text := join(r.Stages, all)
	if len(left) > 0 {
		slices.Reverse(left)
		text += "_Too long for here, and in the HTML and JSON reports: " + strings.Join(left, ", ") + "._\n"
	}
	return text
}

// detailKinds are what a stage shows, what matters most first.
var detailKinds = []string{"what was made", "figures", "failing tests", "changes", "findings that do not block", "logs"}

// details are the texts of detailKinds.
func (s Stage) details() []string {
	log := ""
	if s.Status.Red() && s.Log != "" {
		log = details("End of the log", fenced(end(s.Log)))
	}
	return []string{factList(s.Facts), figureList(s.Figures), failingTests(s.failing()), changeList(s.Changes), findingList(s.shows()), log}
}

// join puts what each stage shows under its name.
func join(stages []Stage, all [][]string) string {
	var b strings.Builder
	for i, s := range stages {
		if text := strings.Join(all[i], ""); text != "" {
			fmt.Fprintf(&b, "### %s\n\n%s", md(s.Name), text)
		}
	}
	return b.String()
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
		if c.Known {
			title += " (it was red before this change)"
		}
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
