package parser

import "bytes"

// submission reads a `cwd=` line, which Exim writes with +arguments whenever it is called. It returns false if the line
// breaks off.
func (r *Reader) submission(p Place, h linePrefix, rest []byte) bool {
	if !bytes.HasPrefix(rest, []byte("cwd=")) {
		return true
	}
	i, n := argumentsStart(rest)
	if n == 0 {
		return !r.mayHold(h)
	}
	count := digits(rest[i+1 : i+n-len(" args:")])
	arguments := bytes.TrimPrefix(rest[i+n:], []byte(" "))
	if takesMessage(arguments, count) {
		r.entry = Entry{
			Kind: Submission, Place: p, PID: h.pid, Directory: rest[len("cwd="):i], Arguments: arguments,
			Forgeable: r.forgeable,
		}
		r.report(&h)
	}
	return true
}

// argumentsStart finds ` N args:` and gives its place and length.
func argumentsStart(b []byte) (at, n int) {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(" args:"))
		if i < 0 {
			return 0, 0
		}
		i += from
		start := i
		for start > 0 && isDigit(b[start-1]) {
			start--
		}
		if start < i && start > 0 && b[start-1] == ' ' {
			return start - 1, i + len(" args:") - (start - 1)
		}
		from = i + 1
	}
}

// takesMessage tells whether Exim was called to take a message. arguments are as logged, count is how many Exim says
// there are. It reads options as Exim does (exim.c, "Scan the program's arguments"), up to the first argument that
// isn't one.
//
// Exim puts an argument with white space in quotes, and doesn't escape quotes inside. If that gives another number of
// arguments, or the line was cut, only what stands before the first quote is believed. Unless that names another task,
// a message is taken: nobody may hide a call by writing quotes into a name.
func takesMessage(arguments []byte, count int64) bool {
	quote := bytes.IndexByte(arguments, '"')
	doubtful := countArguments(arguments, quote >= 0) != count
	if doubtful && quote >= 0 {
		arguments = arguments[:quote]
	}
	program, rest := nextArgument(arguments)
	c := callOptions{takes: doubtful}
	switch string(program[bytes.LastIndexByte(program, '/')+1:]) {
	case "mailq", "newaliases", "runq":
		return false
	case "rsmtp":
		c.takes = true
	}
	return c.options(rest) && c.takes && !(c.localError && c.emptySender)
}

// countArguments says how many arguments there are, as nextArgument gives them.
func countArguments(b []byte, quotes bool) (n int64) {
	if !quotes && len(b) > 0 {
		n = int64(bytes.Count(b, []byte{' '}))
		if b[len(b)-1] != ' ' {
			n++
		}
		return n
	}
	for ; len(b) > 0; n++ {
		_, b = nextArgument(b)
	}
	return n
}

// nextArgument gives the first argument, without the quotes around it, and what stands behind it.
func nextArgument(b []byte) (argument, rest []byte) {
	if len(b) > 0 && b[0] == '"' {
		if i := bytes.Index(b[1:], []byte(`" `)); i >= 0 {
			return b[1 : 1+i], b[1+i+2:]
		}
		if last := len(b) - 1; last > 0 && b[last] == '"' {
			return b[1:last], nil
		}
	}
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// A callOptions is what the options of a call say. Exim itself makes bounces and automatic answers with -E and an empty
// sender.
type callOptions struct {
	takes                   bool // it names recipients, or where to read them
	localError, emptySender bool
}

// options reads the options and what follows them. It returns false if one names another task than to take a message.
func (c *callOptions) options(rest []byte) bool {
	var argument []byte
	for len(rest) > 0 {
		argument, rest = nextArgument(rest)
		if len(argument) < 2 || argument[0] != '-' {
			c.takes = true // for this recipient
			return true
		}
		if string(argument) == "--" {
			c.takes = c.takes || len(rest) > 0
			return true
		}
		if !c.option(argument) {
			return false
		}
		value := argument[2:]
		if len(rest) > 0 && takesValue(argument, rest) {
			value, rest = nextArgument(rest)
		}
		if argument[1] == 'f' || argument[1] == 'r' {
			c.emptySender = len(value) == 0 || string(value) == "<>"
		}
	}
	return true
}

// option reads one option. It returns false if that names another task: to work on the queue (-M…, -q…, -R, -S), to
// print, to test, or to be the daemon (-b…), or to tell something (--version, --help).
func (c *callOptions) option(o []byte) bool {
	switch string(o) {
	case "-bs", "-bS", "-t", "-ti":
		c.takes = true
	case "-bm", "-bnq":
	default:
		switch o[1] {
		case 'M', 'q', 'R', 'S', 'b', '-':
			return false
		case 'E':
			c.localError = true
		}
	}
	return true
}

// takesValue tells whether the argument behind an option is its value.
func takesValue(o, rest []byte) bool {
	switch string(o) {
	case "-B", "-C", "-F", "-f", "-r", "-h", "-L", "-O", "-p", "-X", "-z", "-oA", "-oP", "-or", "-os", "-oX":
		return true
	case "-oB":
		return isDigit(rest[0])
	}
	return bytes.HasPrefix(o, []byte("-oM"))
}

// identification reads cPanel's line that names the user who sends a message.
func (r *Reader) identification(p Place, h linePrefix, rest []byte) {
	i := bytes.Index(rest, []byte(" U="))
	if i < 0 {
		return
	}
	user := rest[i+3:]
	r.entry = Entry{Kind: Identification, Place: p, User: user[:tokenEnd(user)], Forgeable: r.forgeable}
	r.report(&h)
}
