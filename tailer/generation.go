package tailer

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A generation says how old a file is among those of its log. The log itself is the youngest; then the stamp decides,
// then how often the file was rotated.
type generation struct {
	log    bool
	stamp  string // digits: a date from the year on, as much of it as the name holds, and other numbers behind it
	number int    // 0 if there is none, else the name's plus one
	// unclear says that the name doesn't tell the age. Then stamp is the file's time of change.
	unclear bool
	foreign bool // the name doesn't show that the file is of this log
}

func (a generation) age() generation { return a }

// compare is negative if a is older than b.
func (a generation) compare(b generation) int {
	return cmp.Or(falseFirst(a.log, b.log), cmp.Compare(a.stamp, b.stamp), cmp.Compare(b.number, a.number))
}

// falseFirst compares as cmp.Compare does: false is less than true.
func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

var (
	wordPattern = regexp.MustCompile(`[0-9]+|[A-Za-z]+`)
	tai64Label  = regexp.MustCompile(`@(4[0-9a-f]{15})(?:[0-9a-f]{8})?`) // multilog and svlogd
)

// suffixWord matches the words in names of rotated files, beside numbers. None tells its age. The first group counts
// weeks; those of the second say by themselves that a log was put aside.
var suffixWord = regexp.MustCompile(`^(?i:[tzsu]|utc|gmt|log|txt|(w|week)|` +
	`(old|bak|back|backup|saved?|orig|prev|previous|last|copy|archived?|rotated|cycled|` +
	`mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?))$`)

// parseGeneration reads what the name of a rotated log has beside the log's own name: a number, of which a higher one
// is older; a date in digits or with a month's name, day first where that is possible; seconds since 1970; or a word
// such as .old and ~, which leaves the age unclear. ok is false for anything else.
func parseGeneration(text string) (a generation, ok bool) {
	if label := tai64Label.FindStringSubmatch(text); label != nil {
		seconds, _ := strconv.ParseInt(label[1], 16, 64)
		const epoch, leap = 1 << 62, 10 // of TAI64, seconds
		return generation{stamp: stampOf(time.Unix(seconds-epoch-leap, 0))}, true
	}
	numbers, month, backup, ok := suffixNumbers(text)
	switch {
	case !ok:
		return generation{}, false
	case len(numbers) == 0:
		return generation{unclear: true}, backup
	}
	return generationOf(numbers, month)
}

// suffixNumbers gives the numbers in a suffix. month is the index of the one that has a name, -1 if none has.
// backup tells whether a word says that the log was put aside. ok is false if there is a word that no suffix has.
func suffixNumbers(text string) (numbers []string, month int, backup, ok bool) {
	month, backup = -1, strings.HasSuffix(text, "~")
	for _, at := range wordPattern.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		kind := suffixWord.FindStringSubmatch(word)
		switch number := monthNamed(word); {
		case word[0] <= '9':
			if at[0] == 0 && len(word) < 8 {
				return nil, 0, false, false // mainlog2 is another log
			}
			numbers = append(numbers, word)
		case number != "" && month < 0:
			month, numbers = len(numbers), append(numbers, number)
		case at[0] == 0 || kind == nil:
			return nil, 0, false, false
		case kind[1] != "":
			month = byWeeks
		default:
			backup = backup || kind[2] != ""
		}
	}
	return numbers, month, backup, true
}

const byWeeks = 3 // instead of a month's index: weeks don't begin with years

// generationOf reads the numbers in a name. month is the index of the one that has a name, -1 if none has.
func generationOf(numbers []string, month int) (generation, bool) {
	if stamp, n := parseDate(numbers, month); n > 0 {
		for _, number := range numbers[n:] { // a time, or a number within the day
			stamp += pad(number, 10) // longer ones are dates
		}
		return generation{stamp: stamp}, true
	}
	if len(numbers) > 1 || month >= 0 {
		return generation{unclear: true}, month >= 0
	}
	const most = 5 // digits
	number, err := strconv.Atoi(numbers[0])
	if len(numbers[0]) > most || err != nil {
		return generation{unclear: true}, true
	}
	return generation{number: number + 1}, true
}

// pad makes numbers comparable that have no more digits than width.
func pad(number string, width int) string {
	return strings.Repeat("0", max(width-len(number), 0)) + number
}

// parseDate reads the date that numbers begin with. n is how many of them it takes, 0 if there is no date.
func parseDate(numbers []string, month int) (stamp string, n int) {
	if month >= byWeeks || month == 0 && len(numbers) < 2 {
		return "", 0
	}
	if stamp := parseWholeDate(numbers[0]); stamp != "" && month < 0 {
		return stamp, 1
	}
	if len(numbers) > 2 {
		if stamp := parseDay(numbers[0], numbers[1], numbers[2], month); stamp != "" {
			return stamp, 3
		}
	}
	if len(numbers) > 1 {
		a, b := numbers[0], numbers[1]
		if day := cmp.Or(parseDay(a, b, "1", -1), parseDay(b, a, "1", -1)); day != "" {
			return day[:len("yyyymm")], 2
		}
	}
	if len(numbers[0]) == 4 && isDate(numbers[0], "1", "1") && month < 0 {
		return numbers[0], 1
	}
	return "", 0
}

// parseDay reads a date of three numbers, in any usual order; "" if it is none.
func parseDay(a, b, c string, month int) string {
	orders := [][3]string{{a, b, c}, {c, b, a}, {c, a, b}} // year, month, day
	if month == 0 {
		orders = [][3]string{{c, a, b}}
	}
	for _, o := range orders {
		if len(o[0]) == 4 && isDate(o[0], o[1], o[2]) {
			return o[0] + pad(o[1], 2) + pad(o[2], 2)
		}
	}
	return ""
}

// parseWholeDate reads a date that is one number: yyyymmdd with or without a time, ddmmyyyy, mmddyyyy, yyyymm, or
// seconds or milliseconds since 1970; "" if it is none.
func parseWholeDate(number string) string {
	n := len(number)
	part := func(from, to int) string { return number[min(from, n):min(to, n)] }
	switch {
	case n >= 8 && n <= 14 && n%2 == 0 && isDate(part(0, 4), part(4, 6), part(6, 8)):
		return number
	case n == 8:
		return parseDay(part(0, 2), part(2, 4), part(4, 8), -1)
	case n == 6 && isDate(part(0, 4), part(4, 6), "1"):
		return number
	case n == 10 || n == 13:
		seconds, err := strconv.ParseInt(number[:10], 10, 64)
		if err != nil || seconds < 5e8 { // 1985, before Exim
			return ""
		}
		return stampOf(time.Unix(seconds, 0))
	}
	return ""
}

func isDate(year, month, day string) bool {
	y, err1 := strconv.Atoi(year)
	m, err2 := strconv.Atoi(month)
	d, err3 := strconv.Atoi(day)
	return err1 == nil && err2 == nil && err3 == nil && len(month) < 3 && len(day) < 3 &&
		y >= 1990 && y < 2100 && m >= 1 && m <= 12 && d >= 1 && d <= 31
}

// monthNamed gives the number of a month by its English name or the first three letters of that; "" if it is none.
func monthNamed(word string) string {
	for _, layout := range []string{"January", "Jan"} {
		if month, err := time.Parse(layout, word); err == nil {
			return month.Format("01")
		}
	}
	return ""
}

// stampOf writes a time as the stamps in names are written.
func stampOf(t time.Time) string { return t.Format("20060102150405") }
