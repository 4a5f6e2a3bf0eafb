package budget

import "fmt"

// Changed says what another budget has instead of this one: a line for each chain whose sum it changes, adds or takes away, and
// then everything that makes it red.
func (b Budget) Changed(to Budget) (lines []string) {
	before := map[string]Chain{}
	for _, c := range b.Chains {
		before[c.Name] = c
	}
	for _, c := range to.Chains {
		old, known := before[c.Name]
		delete(before, c.Name)
		switch {
		case !known:
			lines = append(lines, fmt.Sprintf("%s: new: %s", c.Name, c.verdict()))
		case old.Span != c.Span || old.Target != c.Target:
			lines = append(lines, fmt.Sprintf("%s: was %s at worst, %s typically; now %s", c.Name, amount(old.Worst), amount(old.Typical), c.verdict()))
		}
	}
	for _, c := range b.Chains {
		if _, gone := before[c.Name]; gone && len(to.Undecided) == 0 {
			lines = append(lines, c.Name+": there is no such way any more")
		}
	}
	for _, complaint := range to.complaints() {
		lines = append(lines, complaint.Message)
	}
	return lines
}
