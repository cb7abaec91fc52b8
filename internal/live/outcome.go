package live

import (
	"strings"

	"exiwatch/mailer"
)

// outcomeLines say what became of an alert's messages, and why recipients were refused or deferred. There are none
// where that isn't known.
func outcomeLines(o *mailer.Outcome, width int) (lines []string) {
	const indent = "   "
	fates := mailer.FatesSentences(o.Fates, number)
	if whole := strings.Join(fates, " "); len(fates) > 0 && len(indent)+widthOf(whole) <= width {
		fates = []string{whole}
	}
	if o.Refuser != "" {
		fates = append(fates, "This host is being refused by "+clean(o.Refuser, width)+".")
	}
	for _, list := range o.BlockLists {
		fates = append(fates, list+" refuses this host: more than one server says so.")
	}
	if len(o.Reasons) > 0 {
		fates = append(fates, "Refused or deferred, by reason:")
	}
	for _, sentence := range fates {
		lines = append(lines, cut(indent+sentence, width))
	}
	for i := range o.Reasons {
		lines = append(lines, reasonLines(&o.Reasons[i], width)...)
	}
	if o.Others > 0 {
		lines = append(lines, cut(reasonIndent+"and "+plural(int64(o.Others), "more reason"), width))
	}
	return lines
}

// reasonIndent stands before what has no count.
const reasonIndent = "         "

// reasonLines are how many recipients and why, and in a second line the hosts, if any said so.
func reasonLines(r *mailer.Reason, width int) []string {
	why := right(number(r.Recipients), len(reasonIndent)-2) + "  " + clean(r.Text, width)
	if len(r.Hosts) == 0 {
		return []string{cut(why, width)}
	}
	var hosts []string
	for _, host := range r.Hosts {
		hosts = append(hosts, clean(host, width))
	}
	rest := ""
	if r.OtherHosts > 0 {
		rest = " and " + plural(int64(r.OtherHosts), "other host")
	}
	by := reasonIndent + "by " + strings.Join(hosts, ", ")
	return []string{cut(why, width), cut(by, width-widthOf(rest)) + rest}
}
