package refusal

import (
	"strings"
	"testing"
)

func TestBlockList(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1", "Spamhaus"},
		{"550 5.7.1 client [192.0.2.1] blocked using abc123.zen.dq.spamhaus.net", "Spamhaus"},
		{"550 Blocked - listed at https://www.spamhaus.org/query/ip/192.0.2.1.", "Spamhaus"},
		{"550 5.7.1 Your IP is in SBL-XBL.SPAMHAUS.ORG", "Spamhaus"},
		{"550 5.7.1 Client host blocked using Spamhaus ZEN", "Spamhaus"},
		{"571 Service unavailable; listed in cbl.abuseat.org", "Spamhaus"},
		{"554 Service unavailable; blocked using Barracuda Reputation; http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1", "Barracuda"},
		{"554 5.7.1 Rejected because 192.0.2.1 is in a black list at b.barracudacentral.org", "Barracuda"},
		{"554 5.7.1 blocked using bl.spamcop.net; Blocked - see https://www.spamcop.net/bl.shtml?192.0.2.1", "SpamCop"},
		{"550 5.7.1 listed at spam.dnsbl.sorbs.net", "SORBS"},
		{"550 Your ISP is UCEPROTECT-Level3 listed, see http://www.uceprotect.net/rblcheck.php?ipr=192.0.2.1", "UCEPROTECT"},
		{"550 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1", "Proofpoint"},
		{"550 5.7.1 client [192.0.2.1] blocked using Proofpoint Dynamic Reputation", "Proofpoint"},
		{"554 5.7.1 blocked using sip.invaluement.com", "Invaluement"},
		{"554 Listed in PSBL, see http://psbl.surriel.com/listing?ip=192.0.2.1", "PSBL"},
		{"554 5.7.1 blocked using bl.mailspike.net", "Mailspike"},
		{"554 5.7.1 blocked using combined.mail.abusix.zone", "Abusix"},
		{"550 5.7.1 Your IP is in Cloudmark Sender Intelligence: https://csi.cloudmark.com/en/reset/?ip=192.0.2.1", "Cloudmark"},
		{"550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).", "Microsoft"},
		{"550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "Microsoft"},
		{"554 5.7.1 blocked using bl.score.senderscore.com", "Validity"},
		{"554 5.7.1 listed in hostkarma.junkemailfilter.com", "Hostkarma"},
		{"554 5.7.1 blocked using noptr.spamrats.com", "SpamRATS"},
		{"554 5.7.1 blocked using bl.0spam.org", "0Spam"},
		{"554 5.7.1 blocked using all.s5h.net", "s5h"},
		{"550 rejected due to the sending MTA's poor reputation, see https://www.talosintelligence.com", "Talos"},
		{"550 5.7.1 Mail from 192.0.2.1 has been blocked by Trend Micro Email Reputation Service.", "Trend Micro"},
		// The first of two is the one that refused.
		{"554 blocked using bl.spamcop.net, b.barracudacentral.org", "SpamCop"},
		// What is in the message is listed.
		{"554 5.7.1 Message contains a URI listed by dbl.spamhaus.org, see https://www.spamhaus.org/query/domain/x.test", ""},
		{"554 5.7.1 Sender address blocked using dbl.spamhaus.org", ""},
		{"550 5.7.1 x.test is listed, see https://www.spamhaus.org/query/domain/x.test", ""},
		{"550 Blacklisted URL in message. (x.test) in [black]. See http://lookup.uribl.com. https://www.spamhaus.org", ""},
		{"550 5.7.1 URI in message listed at multi.surbl.org", ""},
		{"554 5.7.1 Rejected: URIBL_SBL (sbl.spamhaus.org)", ""},
		{"554 5.7.1 blocked using uri.invaluement.com", ""},
		{"554 5.7.1 blocked using dblack.mail.abusix.zone", ""},
		{"554 5.7.1 Message rejected by Cloudmark content filter", ""},
		{"554 5.7.1 blocked by Barracuda Spam Firewall: score 7.1", ""},
		// Nobody is listed.
		{"", ""},
		{"550 5.1.1 User unknown", ""},
		{"550 5.1.1 <spamhaus@x.test>: User unknown", ""},
		{"550 5.1.1 <bob@zen.spamhaus.org>: User unknown", ""},
		{"550 5.1.1 <spamhaus.org@x.test> or <zen.spamhaus.org+a@x.test>: User unknown", ""},
		{"SMTP error from remote mail server after RCPT TO:<a@spamcop.net>: 550 no", ""},
		{"SMTP error from remote mail server after EHLO zen.spamhaus.org: 550 no", ""},
		{"550 see notspamhaus.org or spamhaus.org.x.test or spamhaus.example or my-sorbs.net", ""},
		{"550 S31401 S314", ""},
	} {
		if got := BlockList([]byte(test.text)); got != test.want {
			t.Errorf("BlockList(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

// TestSigns: a text that has only a sign names its list, and every list has its own signs.
func TestSigns(t *testing.T) {
	seen := make(map[string]bool)
	for _, list := range blockLists {
		if seen[list.name] {
			t.Errorf("%s stands there twice", list.name)
		}
		seen[list.name] = true
		for _, sign := range list.signs {
			for _, text := range []string{sign, "550 " + strings.ToUpper(sign) + ".", "http://" + sign + "/x", "zen." + sign + ":"} {
				if got := BlockList([]byte(text)); got != list.name {
					t.Errorf("BlockList(%q) = %q, want %q", text, got, list.name)
				}
			}
			if got := BlockList([]byte("a" + sign + " a@" + sign + " " + sign + "a")); got != "" {
				t.Errorf("a name or an address with %q in it: %q", sign, got)
			}
		}
	}
}

func TestBlockListOfLongTexts(t *testing.T) {
	for _, part := range longParts {
		BlockList([]byte(strings.Repeat(part, longText/len(part))))
	}
}

func FuzzBlockList(f *testing.F) {
	f.Add([]byte("blocked using zen.spamhaus.org"))
	f.Add([]byte("a@spamcop.net S3140, dbl"))
	f.Fuzz(func(t *testing.T, text []byte) {
		name := BlockList(text)
		if name == "" {
			return
		}
		for _, list := range blockLists {
			for _, sign := range list.signs {
				if list.name == name && strings.Contains(strings.ToLower(string(text)), sign) {
					return
				}
			}
		}
		t.Errorf("BlockList(%q) = %q", text, name)
	})
}

func BenchmarkBlockList(b *testing.B) {
	text := []byte(afterRcpt + "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; " +
		"https://www.spamhaus.org/query/ip/192.0.2.1; from=<ann@lab.test> to=<bob@x.test> proto=ESMTP helo=<mx17.lab.test>")
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		BlockList(text)
	}
}
