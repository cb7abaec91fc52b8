package fold

import "testing"

func TestName(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"alice@lab.test", "alice@lab.test"},
		{"Alice@LAB.test", "alice@lab.test"},
		{"  alice@lab.test\t", "alice@lab.test"},
		{"\u00a0alice\u0085", "alice"},
		{"", ""},
		{" ", ""},
		{`DOM\Alice`, `dom\alice`},
		{`DOM\234567`, `dom\234567`}, // no UTF-8: a number, not an escape
		{"JÖRG@lab.test", "jörg@lab.test"},
		{`J\303\226RG@lab.test`, "jörg@lab.test"}, // as Exim logs it
		{"jo\u0308rg", "jörg"},                    // two characters for one letter
		{"ａｌｉｃｅ", "alice"},                        // full width
		{"ΑΛΊΚΗ", "αλίκη"},
		{"JÖRG Müller", "jÖrg müller"}, // RFC 8265 takes no blank: the ASCII letters alone are folded
		{"Alice\xff", "alice\xff"},
		{`"A B"@Lab.test`, `"a b"@lab.test`},
		{"[203.0.113.7]", "[203.0.113.7]"},
		{"<Alice@LAB.test>", "<alice@lab.test>"},
	} {
		got := Name(test.name)
		if got != test.want {
			t.Errorf("Name(%q) = %q, want %q", test.name, got, test.want)
		}
		if again := Name(got); again != got {
			t.Errorf("Name(%q) = %q, which is folded to %q", test.name, got, again)
		}
		if IsName([]byte(test.name)) && got != test.name {
			t.Errorf("IsName(%q), but it is folded to %q", test.name, got)
		}
	}
}

func TestFoldedNamesCostNothing(t *testing.T) {
	name := []byte("alice.example@mail.lab.test")
	if n := testing.AllocsPerRun(100, func() { IsName(name) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAccount(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"Alice17@lab.test", "alice17@lab.test"}, // a login
		{"<Alice@lab.test>", "<alice@lab.test>"},
		{"<web0@shop.test>", "<web#@shop.test>"},
		{"<web17@shop.test>", "<web#@shop.test>"},
		{"<web#@shop.test>", "<web#@shop.test>"},
		{"<s1234567@uni.test>", "<s1234567@uni.test>"},
		{"<12@uni.test>", "<12@uni.test>"},
		{"<web17>", "<web#>"},
		{"<>", "<>"},
		{"<", "<"},
	} {
		if got := Account(test.name); got != test.want {
			t.Errorf("Account(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}
