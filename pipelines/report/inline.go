package report

// Inline is a text that may have come from a tool, made harmless and escaped for a line of Markdown, also in a table.
func Inline(text string) string { return md(oneLine(text)) }
