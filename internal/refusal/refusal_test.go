package refusal

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const (
	afterRcpt = "SMTP error from remote mail server after RCPT TO:<bob@x.test>: "
	afterData = "SMTP error from remote mail server after end of data: "
	atFirst   = "SMTP error from remote mail server after initial connection: "
)

// reasons are what servers answer. The texts of each fold to want.
var reasons = []struct {
	want  string
	texts []string
}{
	// Gmail
	{"550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces. For more information, go to https://sup…", []string{
		afterRcpt + `550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the recipient's email address for typos or\n550-5.1.1 unnecessary spaces. For more information, go to\n550 5.1.1  https://support.google.com/mail/?p=NoSuchUser a640c23a62f3a-b2007a3b1f2si1234566b.12 - gsmtp`,
		"SMTP error from remote mail server after pipelined RCPT TO:<eve@gmail.com> NOTIFY=FAILURE: " + `550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the recipient's email address for typos or\n550-5.1.1 unnecessary spaces. For more information, go to\n550 5.1.1  https://support.google.com/mail/?p=NoSuchUser 5b1f17b1804b1-45e07d si123.9 - gsmtp`,
	}},
	{"421 4.7.28 [# #] Our system has detected an unusual rate of unsolicited mail. https://support.google.com/# # - gsmtp", []string{
		afterData + `421-4.7.28 [198.51.100.7      15] Our system has detected an unusual rate of\n421-4.7.28 unsolicited mail.\n421 4.7.28  https://support.google.com/mail/?p=UnsolicitedRateLimitError k12-20020a05600c0b9a00b0041c5.84 - gsmtp`,
		afterData + `421-4.7.28 [2001:db8:7:1::25 18] Our system has detected an unusual rate of\n421-4.7.28 unsolicited mail.\n421 4.7.28  https://support.google.com/mail/?p=UnsolicitedRateLimitError c3si4159020wri.581 - gsmtp`,
	}},
	{"550 5.7.26 Unauthenticated email from # is not accepted due to domain's DMARC policy.", []string{
		afterData + `550-5.7.26 Unauthenticated email from customer.com is not accepted due to\n550 5.7.26 domain's DMARC policy.`,
		afterData + `550-5.7.26 Unauthenticated email from shop.example.co.uk is not accepted due to\n550 5.7.26 domain's DMARC policy.`,
	}},
	{"550 5.7.1 [#] Messages missing a PTR record do not meet IPv6 sending guidelines", []string{
		afterData + "550 5.7.1 [2001:db8::1] Messages missing a PTR record do not meet IPv6 sending guidelines",
		afterData + "550 5.7.1 [2001:db8:abcd:ef01:fede:cafe:dead:beef] Messages missing a PTR record do not meet IPv6 sending guidelines",
	}},
	{"452 4.2.2 The recipient's inbox is out of storage space.", []string{
		afterRcpt + "452-4.2.2 The recipient's inbox is out of storage\\n452 4.2.2 space.",
	}},
	// Outlook
	{"550 5.7.1 Unfortunately, messages from [#] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140). You can also refer your provider to…", []string{
		"SMTP error from remote mail server after MAIL FROM:<ann@lab.test> SIZE=2880: 550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140). You can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors. [DB3PEPF0000885E.eurprd02.prod.outlook.com 2026-03-18T10:07:44.206Z 08DE12345678ABCD]",
	}},
	{"550 5.7.1 Unfortunately, messages from [#] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).", []string{
		"SMTP error from remote mail server after MAIL FROM:<ann@lab.test>: 550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).",
	}},
	{"550 5.4.1 Recipient address rejected: Access denied. AS(#) [# # #]", []string{
		afterRcpt + "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [BN8NAM12FT006.eop-nam12.prod.protection.outlook.com 2023-09-21T22:58:42.927Z 08DBABCDEFABCDEF]",
		afterRcpt + "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [AM6EUR05FT012.eop-eur05.prod.protection.outlook.com 2026-11-01T02:03:04.005Z 08DE0123456789AB]",
	}},
	{"550 5.7.606 Access denied, banned sending IP [#]. To request removal from this list please visit https://sender.office.com and follow the directions.", []string{
		afterRcpt + "550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/ and follow the directions.",
	}},
	{"451 4.7.650 The mail server [#] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S775)", []string{
		"SMTP error from remote mail server after MAIL FROM:<ann@lab.test>: 451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. For e-mail delivery information, see https://postmaster.live.com (S775)",
	}},
	{"550 OU-002 (#) Unfortunately, messages from # weren't sent.", []string{
		afterData + "550 OU-002 (COL004-MC5F29) Unfortunately, messages from 192.0.2.1 weren't sent.",
		afterData + "550 OU-002 (BAY007-MC1F3) Unfortunately, messages from 192.0.2.1 weren't sent.",
	}},
	{"550 OU-001 (#) Unfortunately, messages from # weren't sent.", []string{
		afterData + "550 OU-001 (COL004-MC5F29) Unfortunately, messages from 192.0.2.1 weren't sent.",
	}},
	// Yahoo
	{"421 4.7.0 [TSS04] Messages from # temporarily deferred due to unexpected volume or user complaints - #; see https://postmaster.yahooinc.com/#", []string{
		"SMTP error from remote mail server after MAIL FROM:<ann@lab.test>: 421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
	}},
	{"421 4.7.1 [TS03] All messages from # will be permanently deferred; Retrying will NOT succeed. See https://postmaster.yahooinc.com/#", []string{
		atFirst + "421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred; Retrying will NOT succeed. See https://postmaster.yahooinc.com/error-codes",
	}},
	{"554 delivery error: dd This user doesn't have a # account (#@#) [#] - #", []string{
		afterData + "554 delivery error: dd This user doesn't have a yahoo.com account (bob@yahoo.com) [0] - mta1234.mail.gq1.yahoo.com",
		afterData + "554 delivery error: dd This user doesn't have a yahoo.de account (eve.k@yahoo.de) [5] - mta4321.mail.ir2.yahoo.com",
	}},
	// GMX, web.de, T-Online, 1&1
	{"554 # (#) Nemesis ESMTP Service not available No SMTP service IP address is block listed. For explanation visit https://postmaster.gmx.net/#", []string{
		atFirst + `554-gmx.net (mxgmx008) Nemesis ESMTP Service not available\n554-No SMTP service\n554-IP address is block listed.\n554 For explanation visit https://postmaster.gmx.net/de/case?c=r0301&i=ip&v=192.0.2.1&r=1MqZMI-1subuH3f4i-00mYd5`,
		atFirst + `554-gmx.net (mxgmx116) Nemesis ESMTP Service not available\n554-No SMTP service\n554-IP address is block listed.\n554 For explanation visit https://postmaster.gmx.net/de/case?c=r0301&i=ip&v=198.51.100.7&r=1NabCd-4xyzAB12cd-00qRsT`,
	}},
	{"554 # (#) Nemesis ESMTP Service not available No SMTP service Bad DNS PTR resource record. For explanation visit https://postmaster.web.de/#", []string{
		atFirst + `554-web.de (mxweb005) Nemesis ESMTP Service not available\n554-No SMTP service\n554-Bad DNS PTR resource record.\n554 For explanation visit https://postmaster.web.de/en/case?ip=192.0.2.1&c=rdns`,
	}},
	{"450 4.3.2 Too many mails (mail bomb), try again in # hour(s) # minute(s) and see ( http://portal.gmx.net/# ) {mx-#}", []string{
		afterRcpt + "host mx0.gmx.com [74.208.5.90]: 450 4.3.2 Too many mails (mail bomb), try again in 1 hour(s) 14 minute(s) and see ( http://portal.gmx.net/serverrules ) {mx-us017}",
		afterRcpt + "450 4.3.2 Too many mails (mail bomb), try again in 2 hour(s) 3 minute(s) and see ( http://portal.gmx.net/serverrules ) {mx-us002}",
	}},
	{"554 IP=# - A problem occurred. (Ask your postmaster for help or to contact #@# to clarify.) (BL)", []string{
		atFirst + "554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.) (BL)",
	}},
	// Block lists, as Postfix, Exim, rspamd and Cisco say it
	{"554 5.7.1 Service unavailable; Client host [#] blocked using zen.spamhaus.org; https://www.spamhaus.org/#", []string{
		afterRcpt + "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1",
		afterRcpt + "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/sbl/query/SBL123456",
	}},
	{"554 5.7.1 Service unavailable; Client host [#] blocked using bl.spamcop.net; from=<#@#> to=<#@#> proto=ESMTP helo=<#>", []string{
		afterRcpt + "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net; from=<ann@lab.test> to=<bob@x.test> proto=ESMTP helo=<mx17.lab.test>",
		afterRcpt + "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net; from=<bounces+bob=x.test@news.test> to=<bob@x.test> proto=ESMTP helo=<a.lab.test>",
		afterRcpt + "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net; from=<SRS0=ab+c=XY=x.test=eve@fwd.test> to=<bob@x.test> proto=ESMTP helo=<b.lab.test>",
	}},
	{"554 5.7.1 Rejected because # is in a black list at b.barracudacentral.org", []string{
		afterRcpt + "554 5.7.1 Rejected because 192.0.2.1 is in a black list at b.barracudacentral.org",
	}},
	{"554 5.7.1 Rejected because # is in a black list at bl.lab.example", []string{
		afterRcpt + "554 5.7.1 Rejected because 192.0.2.1 is in a black list at bl.lab.example",
	}},
	{"550 5.7.1 client [#] blocked using #.zen.dq.spamhaus.net", []string{
		afterRcpt + "550 5.7.1 client [192.0.2.1] blocked using abcdefghijklmnopqrstuvwxyz.zen.dq.spamhaus.net",
		afterRcpt + "550 5.7.1 client [192.0.2.1] blocked using q3k5jy2m7xw4hv6tc8rbnd9fgz.zen.dq.spamhaus.net",
	}},
	{`550 "JunkMail rejected - # [#]:# is in an RBL: https://www.spamhaus.org/#"`, []string{
		afterRcpt + `550-"JunkMail rejected - mail.lab.test [192.0.2.1]:40544 is in an RBL:\n550 https://www.spamhaus.org/query/ip/192.0.2.1"`,
	}},
	{"554 # Your access to this mail system has been rejected due to the sending MTA's poor reputation.", []string{
		atFirst + `554-esa10.dsv.c3s2.iphmx.com\n554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.`,
		atFirst + `554-esa3.hc1234-56.eu.iphmx.com\n554 Your access to this mail system has been rejected due to the sending MTA's poor reputation.`,
	}},
	{"550 5.7.0 Blocked - see https://ipcheck.proofpoint.com/#", []string{
		"SMTP error from remote mailer after MAIL FROM:<ann@lab.test>: host mx01.mail.icloud.com [192.0.2.9]: 550 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1",
		atFirst + "550 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=198.51.100.77",
	}},
	{"550 Administrative prohibition - envelope blocked - https://community.mimecast.com/# [#]", []string{
		afterRcpt + "550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550 [OAzQ6MvVMc-dEq1cbhHbbQ.us123]",
		afterRcpt + "550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550 [mKrRjsdABZIfXmKr-jFDkw.de4]",
	}},
	// Postfix, Exim, sendmail and others
	{"550 5.1.1 <#@#>: Recipient address rejected: User unknown in virtual mailbox table", []string{
		afterRcpt + "550 5.1.1 <bob@x.test>: Recipient address rejected: User unknown in virtual mailbox table",
		`SMTP error from remote mail server after RCPT TO:<"a: 550 b"@y.test>: 550 5.1.1 <eve+7@y.test>: Recipient address rejected: User unknown in virtual mailbox table`,
	}},
	{"450 4.2.0 <#@#>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/#", []string{
		afterRcpt + "450 4.2.0 <bob@x.test>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/x.test.html",
		afterRcpt + "450 4.2.0 <bob@x.test>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/y.test.html",
	}},
	{"451 4.7.1 Greylisting in action, please come back in #", []string{
		afterRcpt + "451 4.7.1 Greylisting in action, please come back in 00:04:59",
		afterRcpt + "451 4.7.1 Greylisting in action, please come back in 299",
	}},
	{`550 5.1.1 User "#" unknown`, []string{afterRcpt + `550 5.1.1 User "bob" unknown`}},
	{`550 5.1.1 User "unknown"`, []string{afterRcpt + `550 5.1.1 User "unknown"`}},
	{"550 <#> unknown user", []string{afterRcpt + "550 <bob> unknown user"}},
	{"550 5.1.0 Address rejected.", []string{
		afterRcpt + "550 #5.1.0 Address rejected.",
		afterRcpt + "550 5.1.0 Address rejected.",
	}},
	{"550 relay not permitted", []string{
		afterRcpt + "550 relay not permitted",
		"LMTP error after RCPT TO:<bob@x.test>: 550 relay not permitted",
		"550 relay not permitted",
	}},
	{"552 5.2.2 mailbox full", []string{afterData + "552 5.2.2 mailbox full"}},
	{"452 4.2.2 mailbox full", []string{afterData + "452 4.2.2 mailbox full"}},
	{"554 5.6.0 Message contains invalid header (#) id=#", []string{
		afterData + "554 5.6.0 Message contains invalid header (4F1B22C0E7) id=0f8fad5b-d9cb-469f-a165-70867728950e",
		afterData + "554 5.6.0 Message contains invalid header (4CzYtR2V6mz1X) id=7c9e6679-7425-40de-944b-e07fc1f90ae7",
	}},
	// Yandex, QQ, NetEase
	{"554 5.7.1 [#] Message rejected under suspicion of SPAM; https://ya.cc/# #", []string{
		afterData + "554 5.7.1 [2] Message rejected under suspicion of SPAM; https://ya.cc/1IrBc 1669123456-ABCDEFghij",
		afterData + "554 5.7.1 [1] Message rejected under suspicion of SPAM; https://ya.cc/1IrBc 1700000000-q0Xy7zAbCd",
	}},
	{"550 您的IP # http://service.mail.qq.com/#", []string{
		afterData + `550 \346\202\250\347\232\204IP 192.0.2.1 http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726`,
		afterData + "550 您的IP\u00a0198.51.100.7 http://service.mail.qq.com/cgi-bin/help?subtype=1",
	}},
	{"550 MI:SPF # # http://mail.163.com/#", []string{
		afterData + "550 MI:SPF mx17,UMCowAB3n5pZ 1669123456 http://mail.163.com/help/help_spam_16.htm?ip=192.0.2.1&hostid=mx17&time=166",
	}},
	// What no server said
	{"Remote host closed connection in response to MAIL FROM:<#@#>", []string{
		"Remote host closed connection in response to MAIL FROM:<ann@lab.test>",
		"Remote host closed connection in response to MAIL FROM:<eve@y.test>",
	}},
	{"SMTP timeout after end of data (# bytes written)", []string{"SMTP timeout after end of data (12345 bytes written)"}},
	{"Connection timed out", []string{"Connection timed out"}},
	{"Connection refused", []string{"Connection refused"}},
	{"all hosts for '#' have been failing for a long time and were last tried after this message arrived", []string{
		"all hosts for 'x.test' have been failing for a long time and were last tried after this message arrived",
	}},
	{"Unrouteable address", []string{"Unrouteable address"}},
	{"", []string{"", " ", afterData, afterData + " \\n\u200b"}},
	// What is hostile or broken
	{"550 a b?c", []string{afterData + "550 a\\r\\n\\tb\xffc", "550 \u2003a\u200b\\007b\\377c"}},
	{"5.7.1: x", []string{"5.7.1: x"}},
	{"550 # x", []string{"550 5.7.1234 x", "550 5.7.1.2 x", "550 5.7.1a x"}},
	{"550 a.b", []string{"550 a.b"}},
	{`550 \x \`, []string{`550 \x \`}},
	{"550", []string{"550", "550 ", `550-\n550`}},
	{"#@#", []string{"a@b", "SRS0=ab=cd=lab.test=alice@lab.test"}},
	{"a #@#", []string{"a A@=0"}},
	{"www.lab.test/# and http://x.example/#>", []string{"www.lab.test/a?b and http://x.example/y>"}},
}

func TestFolded(t *testing.T) {
	wants, texts := make(map[string]bool), 0
	for _, reason := range reasons {
		if wants[reason.want] {
			t.Errorf("two reasons are folded to %q", reason.want)
		}
		wants[reason.want] = true
		for _, text := range reason.texts {
			texts++
			if got := string(AppendFolded(nil, []byte(text))); got != reason.want {
				t.Errorf("AppendFolded(%q)\n= %q, want\n  %q", text, got, reason.want)
			}
		}
	}
	if texts < 40 {
		t.Errorf("%d texts", texts)
	}
}

// TestOtherMessagesFoldAlike: the same reasons, for other addresses and hosts.
func TestOtherMessagesFoldAlike(t *testing.T) {
	others := []*strings.Replacer{
		strings.NewReplacer("bob@x.test", "maria.k-2@y.example.co.uk", `"bob"`, `"maria.k-2"`, "<bob>", "<Maria.K-2>",
			"192.0.2.1", "203.0.113.254", "ann@lab.test", `o'brien@lab.test`),
		strings.NewReplacer("bob@x.test", "17@muenchen.test", `"bob"`, `"17"`, "<bob>", "<17>",
			"192.0.2.1", "2001:db8::17", "ann@lab.test", "bounces-7+bob=x.test@lab.test"),
	}
	for _, reason := range reasons {
		for _, text := range reason.texts {
			for _, other := range others {
				changed := other.Replace(text)
				if got := string(AppendFolded(nil, []byte(changed))); got != reason.want {
					t.Errorf("AppendFolded(%q)\n= %q, want\n  %q", changed, got, reason.want)
				}
			}
		}
	}
}

func TestCutAtACharacter(t *testing.T) {
	for _, text := range []string{strings.Repeat("ä", 150), "a" + strings.Repeat("ä", 150), strings.Repeat("日", 80),
		strings.Repeat(`\344\272\272`, 80), strings.Repeat("word ", 50), strings.Repeat("word", 500)} {
		got := AppendFolded(nil, []byte(text))
		whole := utf8.Valid(got) && bytes.HasSuffix(got, []byte(cutMark))
		if !whole || len(got) > MaxFolded || len(got) < MaxFolded-8 {
			t.Errorf("AppendFolded(%q) = %q, %d bytes", text, got, len(got))
		}
	}
}

func TestCutBehindASpace(t *testing.T) {
	whole := strings.Repeat("w", MaxFolded)
	for _, test := range []struct{ text, want string }{
		{whole, whole}, {whole + "  ", whole}, {whole + " w", whole[:MaxFolded-len(cutMark)] + cutMark},
	} {
		if got := string(AppendFolded(nil, []byte(test.text))); got != test.want {
			t.Errorf("AppendFolded(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestFoldsBehindWhatIsThere(t *testing.T) {
	dst := []byte("Re: #.")
	for _, test := range []struct{ text, want string }{{"5", "Re: #.#"}, {" x ", "Re: #.x"}, {"", "Re: #."}} {
		if got := string(AppendFolded(bytes.Clone(dst), []byte(test.text))); got != test.want {
			t.Errorf("AppendFolded(%q, %q) = %q, want %q", dst, test.text, got, test.want)
		}
	}
}

func TestFoldsWithoutAllocation(t *testing.T) {
	dst := make([]byte, 0, 4096)
	n := testing.AllocsPerRun(10, func() {
		for _, reason := range reasons {
			for _, text := range reason.texts {
				dst = append(dst[:0], text...)
				dst = AppendFolded(dst[:len(text)], dst[:len(text)])
			}
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// foldedApart does what AppendFolded does, but reads all of the text, and writes elsewhere.
func foldedApart(t testing.TB, text []byte) []byte {
	reply, recipient := cutPreamble(text)
	in := appendUnescaped(nil, reply)
	f := folder{rest: bytes.Clone(in), recipient: recipient}
	f.codes(true)
	for len(f.rest) > 0 {
		f.next()
		if read := len(in) - len(f.rest); len(f.out) > read {
			t.Fatalf("%q: %d bytes were written when %d were read", text, len(f.out), read)
		}
	}
	return f.cut()
}

// longParts are what long texts are made of.
var longParts = []string{"a", "a.", "a:", "dead:", "::", "http://", "http://-", "www.", "@", "a@", "=@", "a=", `"`, `\`,
	`\n550-`, "host x [", "550 ", "#", "#-", "--", "a-", "spamhaus.", "spamhaus", "a url", "b@spamhaus.org.", "\xff"}

const longText = 1 << 17 // bytes

// TestLongTexts takes minutes if something is quadratic.
func TestLongTexts(t *testing.T) {
	for _, part := range longParts {
		for _, before := range []string{"", afterRcpt, afterData + "host ",
			"SMTP error from remote mail server after RCPT TO:<"} {
			text := []byte(before + strings.Repeat(part, longText/len(part)))
			foldedApart(t, text)
			AppendFolded(nil, text)
		}
	}
}

func FuzzFolded(f *testing.F) {
	for _, reason := range reasons {
		f.Add([]byte(reason.texts[0]))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		got := AppendFolded([]byte("x "), text)
		folded, ok := bytes.CutPrefix(got, []byte("x "))
		if !ok || !bytes.Equal(before, text) {
			t.Fatalf("AppendFolded(%q) = %q", before, got)
		}
		if apart := foldedApart(t, text); len(text) <= maxRead && !bytes.Equal(apart, folded) {
			t.Errorf("AppendFolded(%q) = %q, written over the text, but %q elsewhere", text, folded, apart)
		}
		if !utf8.Valid(folded) || len(folded) > min(MaxFolded, len(text)) {
			t.Errorf("AppendFolded(%q) = %q, %d bytes", text, folded, len(folded))
		}
		if bytes.ContainsFunc(folded, unicode.IsControl) || bytes.Contains(folded, []byte("  ")) ||
			!bytes.Equal(folded, bytes.TrimSpace(folded)) {
			t.Errorf("AppendFolded(%q) = %q, with white space or control characters", text, folded)
		}
		for _, preamble := range []string{afterData, `SMTP error from remote mail server after RCPT TO:<"a: b"@c.test>: `} {
			behind := AppendFolded(nil, append([]byte(preamble), text...))
			if cutsNothing(text) && !bytes.ContainsAny(text, `>"')`) && !bytes.Equal(behind, folded) {
				t.Errorf("AppendFolded(%q) = %q, but %q behind %q", text, folded, behind, preamble)
			}
		}
	})
}

// cutsNothing reports whether a text begins with nothing that Exim wrote.
func cutsNothing(text []byte) bool {
	reply, _ := cutPreamble(text)
	return len(cutHost(text)) == len(text) && len(reply) == len(text)
}

func BenchmarkFolded(b *testing.B) {
	text := []byte(afterRcpt + "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; " +
		"https://www.spamhaus.org/query/ip/192.0.2.1; from=<ann@lab.test> to=<bob@x.test> proto=ESMTP helo=<mx17.lab.test>")
	dst := make([]byte, 0, len(text))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		dst = AppendFolded(dst[:0], text)
	}
}
