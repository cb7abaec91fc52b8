package window

import (
	"fmt"
	"testing"
)

// hostsAlert counts messages of one sender, the nth in the log of the nth host, until an alert opens.
func hostsAlert(t *testing.T, keep bool, hosts ...string) *Alert {
	t.Helper()
	c := newLog(t, fmt.Sprintf("sender %d/5m", len(hosts)-1)).counters
	if keep {
		c.KeepLogHosts()
	}
	for i, host := range hosts {
		a := Arrival{At: at(i), MessageID: []byte("1vN2ab-000000001Xy-2kLm")}
		a.Values[Sender], a.Values[LogHost] = []byte("alice@lab.test"), []byte(host)
		if opened, _ := c.Count(&a); len(opened) > 0 {
			return opened[0]
		}
	}
	t.Fatal("no alert opened")
	return nil
}

func TestAlertKnowsItsLogHosts(t *testing.T) {
	a := hostsAlert(t, true, "mx1", "mx2", "mx1")
	want := []ValueCount{{"mx1", 2, 0, 0}, {"mx2", 1, 0, 0}}
	if got := a.Top(LogHost, 0); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("log hosts %v, want %v", got, want)
	}
	if got := hostsAlert(t, false, "mx1", "mx2", "mx1").Top(LogHost, 0); len(got) != 0 {
		t.Errorf("log hosts %v of counters that don't keep them", got)
	}
}

// TestSameMessageIDOnTwoHosts: two hosts of a fleet may use one message id.
func TestSameMessageIDOnTwoHosts(t *testing.T) {
	if one, other := hostsAlert(t, true, "mx1", "mx1"), hostsAlert(t, true, "mx1", "mx2"); one.ID == other.ID {
		t.Errorf("alerts that messages of two hosts opened have one id %s", one.ID)
	}
}

func TestSavedAlertApartFromCounters(t *testing.T) {
	a := hostsAlert(t, true, "mx1", "mx2", "mx1")
	saved := a.Save()
	b := saved.Alert()
	if a.ID != b.ID || a.Incident.ID != b.Incident.ID || a.Incident.About != b.Incident.About || a.Peak != b.Peak {
		t.Errorf("saved %+v, got %+v", a, b)
	}
	if got, want := b.Top(LogHost, 0), a.Top(LogHost, 0); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("log hosts %v, want %v", got, want)
	}
}
