package refusal

import "testing"

func TestProvider(t *testing.T) {
	for _, test := range []struct{ host, want string }{
		{"gmail-smtp-in.l.google.com", "Gmail"},
		{"ASPMX.L.GOOGLE.COM.", "Gmail"},
		{"hotmail-com.olc.protection.outlook.com", "Outlook"},
		{"lab-test.mail.protection.outlook.com", "Outlook"},
		{"lab-test.o-v1.mx.microsoft", "Outlook"},
		{"mta7.am0.yahoodns.net", "Yahoo"},
		{"mx00.emig.gmx.net", "GMX"},
		{"mx-ha03.web.de", "web.de"},
		{"mx00.t-online.de", "T-Online"},
		{"mx01.mail.icloud.com", "iCloud"},
		{"mx.yandex.ru", "Yandex"},
		{"mx3.qq.com", "QQ"},
		{"163mx01.mxmail.netease.com", "NetEase"},
		{"mxa-00262c01.gslb.pphosted.com", "Proofpoint"},
		// Others by their domain.
		{"mx1.lab.test", "lab.test"},
		{"lab.test", "lab.test"},
		{"mx1.lab.co.uk", "lab.co.uk"},
		{"lab.co.uk", "lab.co.uk"},
		{"co.uk", "co.uk"},
		{"mx.uni.ac.at", "uni.ac.at"},
		{"mx5.mail.yahoo.co.jp", "yahoo.co.jp"},
		{"a.b.co.test", "co.test"},
		// No domain.
		{"google.com.x.test", "x.test"},
		{"notgoogle.com", "notgoogle.com"},
		{"192.0.2.1", "192.0.2.1"},
		{"2001:db8::25", "2001:db8::25"},
		{"localhost", "localhost"},
		{"", ""},
		{".", "."},
		{"..", ".."},
	} {
		if got := Provider(test.host); got != test.want {
			t.Errorf("Provider(%q) = %q, want %q", test.host, got, test.want)
		}
	}
}

func BenchmarkProvider(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Provider("hotmail-com.olc.protection.outlook.com")
	}
}
