package refusal

import "strings"

// blockLists are lists of sending hosts, and what names them in a refusal, in lower case: their zones, the pages to
// which refusals point, and words. A domain stands for the names below it too. The comments say where each list is
// documented.
var blockLists = [...]struct {
	name  string
	signs []string
}{
	// https://www.spamhaus.org/blocklists/; https://www.abuseat.org/ is the CBL, a part of its XBL.
	{"Spamhaus", []string{"spamhaus.org", "spamhaus.net", "spamhaus.com", "spamhaus", "abuseat.org"}},
	// https://www.barracudacentral.org/rbl
	{"Barracuda", []string{"barracudacentral.org", "barracudacentral.com", "barracudanetworks.com/reputation",
		"barracuda reputation"}},
	{"SpamCop", []string{"spamcop.net", "spamcop"}},              // https://www.spamcop.net/bl.shtml
	{"SORBS", []string{"sorbs.net", "sorbs"}},                    // http://www.sorbs.net/: closed, but still asked
	{"UCEPROTECT", []string{"uceprotect.net", "uceprotect"}},     // https://www.uceprotect.net/
	{"Backscatterer", []string{"backscatterer.org"}},             // https://www.backscatterer.org/
	{"Invaluement", []string{"invaluement.com"}},                 // https://www.invaluement.com/
	{"PSBL", []string{"psbl.surriel.com", "psbl.org", "psbl"}},   // https://psbl.org/
	{"Mailspike", []string{"mailspike.net", "mailspike.org"}},    // https://mailspike.org/
	{"Abusix", []string{"abusix.zone", "lookup.abusix.com"}},     // https://docs.abusix.com/
	{"Hostkarma", []string{"junkemailfilter.com"}},               // https://wiki.junkemailfilter.com/
	{"SpamRATS", []string{"spamrats.com"}},                       // https://www.spamrats.com/
	{"0Spam", []string{"0spam.org", "0spam.fusionzero.com"}},     // https://www.0spam.org/
	{"s5h", []string{"s5h.net"}},                                 // http://www.usenix.org.uk/content/rbl.html
	{"blocklist.de", []string{"blocklist.de"}},                   // https://www.blocklist.de/
	{"DroneBL", []string{"dronebl.org"}},                         // https://dronebl.org/
	{"NiX Spam", []string{"dnsbl.manitu.net"}},                   // http://www.dnsbl.manitu.net/
	{"GBUdb", []string{"gbudb.net", "gbudb.com"}},                // http://www.gbudb.com/truncate/
	{"LashBack", []string{"lashback.com", "ubl.unsubscore.com"}}, // https://blacklist.lashback.com/
	{"WPBL", []string{"wpbl.info"}},                              // http://www.wpbl.info/
	// https://spameatingmonkey.com/
	{"Spam Eating Monkey", []string{"spameatingmonkey.net", "spameatingmonkey.com"}},
	// https://ipcheck.proofpoint.com/
	{"Proofpoint", []string{"ipcheck.proofpoint.com", "proofpoint.com/dnsbl-lookup.cgi",
		"proofpoint dynamic reputation"}},
	{"Cloudmark", []string{"csi.cloudmark.com", "cloudmark sender intelligence"}}, // https://csi.cloudmark.com/
	// https://sendersupport.olc.protection.outlook.com/pm/ and https://sender.office.com/
	{"Microsoft", []string{"s3140", "s3150", "banned sending ip", "sender.office.com"}},
	{"Validity", []string{"senderscore.com", "senderscore.org", "senderscore.net"}}, // https://senderscore.org/
	// https://talosintelligence.com/reputation_center
	{"Talos", []string{"talosintelligence.com", "senderbase.org"}},
	// https://servicecentral.trendmicro.com/en-us/ers/
	{"Trend Micro", []string{"ers.trendmicro.com", "mail-abuse.com", "trend micro email reputation"}},
}

// contentSigns tell that not the sending host is listed, but a domain or a link in the message: labels of zones
// (https://www.spamhaus.org/blocklists/, https://surbl.org/lists, https://uribl.com/about.shtml) and words.
var contentSigns = [...]string{
	"dbl", "zrd", "hbl", "surbl", "uribl", "uribl_sbl", "rhsbl", "ivmuri", "dblack", "uri", "uris", "urls",
	"a url", "an url", "url in", "link in", "links in", "query/domain", "query/dbl", "query/url",
}

// BlockList returns the name of the block list that lists the sending host, as the text of a refusal or deferral says,
// such as Spamhaus. It returns "" if the text names none, or says that something in the message is listed.
func BlockList(text []byte) (name string) {
	text, _ = cutPreamble(text)
	inWord, inAddress := false, false // the byte before belongs to a label, or an @ stands before it
	for i, c := range text {
		switch {
		case c == '@':
			inWord, inAddress = false, true
			continue
		case !isLabel(c):
			inWord, inAddress = false, inAddress && c == '.'
			continue
		case inWord || inAddress:
			continue
		}
		inWord = true
		if isContentSign(text[i:]) {
			return ""
		}
		if name == "" {
			name = listAt(text[i:])
		}
	}
	return name
}

// isLabel reports whether c may stand in a label of a name.
func isLabel(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' || c == '_' }

// listAt returns the list that b, a word, begins to name.
func listAt(b []byte) string {
	first := b[0]
	if isUpper(first) {
		first |= 0x20
	}
	for i := range blockLists {
		for _, sign := range blockLists[i].signs {
			if sign[0] == first && hasPrefixFold(b, sign) && isNameEnd(b[len(sign):]) {
				return blockLists[i].name
			}
		}
	}
	return ""
}

// isNameEnd reports whether a name ends before b, the rest of a text: neither it nor an address goes on.
func isNameEnd(b []byte) bool {
	switch {
	case len(b) == 0:
		return true
	case b[0] == '.':
		return len(b) == 1 || !isLabel(b[1])
	}
	return !isLabel(b[0]) && strings.IndexByte("@+=", b[0]) < 0
}

// isContentSign reports whether b, a word, begins with a content sign.
func isContentSign(b []byte) bool {
	for _, sign := range contentSigns {
		if hasPrefixFold(b, sign) && (len(b) == len(sign) || !isLabel(b[len(sign)])) {
			return true
		}
	}
	return false
}
