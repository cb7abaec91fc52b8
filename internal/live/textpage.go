package live

import "strings"

// A textPage is a text in place of the ranking, until a key is pressed that doesn't scroll.
type textPage struct {
	text      string
	top       int // the first line on the screen
	all, room int // lines, and how many fit; since it was shown
}

// shown are the lines from top on that fit on the screen.
func (p *textPage) shown(width, room int) []string {
	lines := wrapped(p.text, width)
	p.all, p.room = len(lines), room
	p.top = max(min(p.top, p.all-room), 0)
	return lines[p.top:min(p.top+room, p.all)]
}

// press scrolls. It reports false for any other key, and where all is shown.
func (p *textPage) press(key string) bool {
	to, moves := moved(key, p.top, p.room, p.all-p.room)
	if moves {
		p.top = to
	}
	return moves && p.all > p.room
}

// wrapped are the lines of a text, none wider than width: what is longer goes on below, from the last space on if it
// has one.
func wrapped(text string, width int) (lines []string) {
	width = max(width, 2) // the widest character's
	for line := range strings.SplitSeq(text, "\n") {
		line = clean(line, len(line))
		for widthOf(line) > width {
			end, n := 0, 0
			for i, r := range line {
				if n += runeWidth(r); n > width {
					end = i
					break
				}
			}
			if space := strings.LastIndexByte(line[:end], ' '); strings.TrimSpace(line[:max(space, 0)]) != "" {
				end = space + 1
			}
			lines = append(lines, line[:end])
			line = line[end:]
		}
		lines = append(lines, line)
	}
	return lines
}

// say shows what an action says: a line at the bottom, or a page if it is longer.
func (m *model) say(text string) {
	if lines := wrapped(strings.TrimSpace(text), m.width); len(lines) == 1 {
		m.notice = lines[0]
		return
	}
	m.page = &textPage{text: "\n" + text}
}
