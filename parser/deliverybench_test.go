package parser

import "testing"

var deliveryLines = []string{
	`2026-11-23 01:53:50 1xVJFe-0003lG-2I => bob@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1]` +
		` X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes DN="CN=mx.d.example" C="250 2.0.0 Ok: queued as 4711"`,
	`2026-11-23 01:53:50 1xVJFe-0003lG-2I => bob <bob@lab.test> R=local_user T=mail_spool`,
	`2026-11-23 01:53:50 1xVJFe-0003lG-2I ** bob@d.example R=dnslookup T=remote_smtp H=mx.d.example [192.0.2.1]` +
		` X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes: SMTP error from remote mail server after RCPT TO:<bob@d.example>:` +
		` 550 5.1.1 <bob@d.example>: Recipient address rejected: User unknown`,
	`2026-11-23 01:53:50 1xVJFe-0003lG-2I == bob@d.example R=dnslookup T=remote_smtp defer (-46) H=mx.d.example` +
		` [192.0.2.1]: SMTP error from remote mail server after end of data: 421 4.7.0 Try again later`,
	`2026-11-23 01:53:50 1xVJFe-0003lG-2I Completed`,
}

func BenchmarkDelivery(b *testing.B) {
	for name, kind := range map[string]int{"sent": 0, "local": 1, "refused": 2, "deferred": 3, "completed": 4} {
		b.Run(name, func(b *testing.B) { benchmarkDelivery(b, deliveryLines[kind]) })
	}
	b.Run("hostile", func(b *testing.B) {
		benchmarkDelivery(b, `2026-11-23 01:53:50 1xVJFe-0003lG-2I => a b@d.example <"a b"@d.example> R=r T=t H=h [192.0.2.1]`)
	})
	b.Run("arrival", func(b *testing.B) {
		benchmarkDelivery(b, "2026-11-23 01:53:50 1xVJFe-0003lG-2I <= ann@x.example U=ann P=local S=300")
	})
	b.Run("no message", func(b *testing.B) {
		benchmarkDelivery(b, "2026-11-23 01:53:50 no host name found for IP address 192.0.2.1")
	})
}

func benchmarkDelivery(b *testing.B, line string) {
	r, text := newDeliveryReader(), []byte(line)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.Line(text)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// TestNothingIsAllocatedForDeliveries: once the buffers have grown.
func TestNothingIsAllocatedForDeliveries(t *testing.T) {
	r := newDeliveryReader()
	lines := append([]string{`2026-11-23 01:53:50 1xVJFe-0003lG-2I ** x R=a: no@d <"x R=a: no"@d>: Unrouteable address`,
		`2026-11-23 01:53:50 1xVJFe-0003lG-2I ** "a b"@d: Unrouteable address`}, deliveryLines...)
	var text [][]byte
	for _, line := range lines {
		text = append(text, []byte(line))
	}
	allocs := testing.AllocsPerRun(20, func() {
		for _, line := range text {
			r.Line(line)
		}
	})
	if allocs > 0 {
		t.Errorf("%.0f allocations for %d lines, want none", allocs, len(lines))
	}
}
