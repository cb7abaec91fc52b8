package mailer

import (
	"testing"

	"exiwatch/window"
)

// BenchmarkOpened makes the mail of an alert, as a storm makes thousands.
func BenchmarkOpened(b *testing.B) {
	for _, small := range []bool{true, false} {
		rule, name := "account 20/5m", "campaign"
		if small {
			rule, name = "account 5/5m", "few"
		}
		b.Run(name, func(b *testing.B) {
			alerts := []*window.Alert{crossing(b, rule, campaign)}
			size := 0
			b.ReportAllocs()
			for b.Loop() {
				m, err := director.Opened(alerts, now)
				if err != nil {
					b.Fatal(err)
				}
				size = len(m.Data)
			}
			b.ReportMetric(float64(size), "B/mail")
		})
	}
}
