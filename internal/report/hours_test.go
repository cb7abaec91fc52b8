package report

import (
	"testing"
	"time"

	"exiwatch/window"

	"github.com/google/go-cmp/cmp"
)

func arrivalAt(at time.Time, class int) *window.Arrival {
	w := &window.Arrival{At: at}
	switch class {
	case Authenticated:
		w.Values[window.Auth] = []byte("alice")
		w.Values[window.User] = []byte("alice")
	case Local:
		w.Values[window.User] = []byte("")
	}
	return w
}

// TestHoursOfTheLogsClock: the hours are those that the stamps show, whatever their zone, also where the clock steps
// back and before 1970; what several goroutines have counted is one.
func TestHoursOfTheLogsClock(t *testing.T) {
	india, summer, winter := time.FixedZone("", 5*3600+1800), time.FixedZone("", 7200), time.FixedZone("", 3600)
	s := Summary{Hourly: true}
	gathers := []func([]Reception){s.NewCollector(), s.NewCollector()}
	for i, a := range []*window.Arrival{
		arrivalAt(time.Date(2026, 11, 1, 10, 59, 59, 9e8, india), Authenticated),
		arrivalAt(time.Date(2026, 11, 1, 11, 0, 0, 0, india), Local),
		arrivalAt(time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), Other),
		arrivalAt(time.Date(2026, 10, 25, 2, 30, 0, 0, summer), Other),
		arrivalAt(time.Date(2026, 10, 25, 2, 30, 0, 0, winter), Other),
		arrivalAt(time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), Other),
	} {
		gathers[i%2]([]Reception{{Values: a}})
	}
	want := []Hour{
		{time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC), [NumClasses]int64{0, 0, 1}},
		{time.Date(2026, 10, 25, 2, 0, 0, 0, time.UTC), [NumClasses]int64{0, 0, 2}},
		{time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), [NumClasses]int64{1, 0, 1}},
		{time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC), [NumClasses]int64{0, 1, 0}},
	}
	if diff := cmp.Diff(want, s.Hours()); diff != "" {
		t.Errorf("Hours() (-want +got):\n%s", diff)
	}
}

// TestHoursAllocateNothing per arrival, and nobody who doesn't ask has them.
func TestHoursAllocateNothing(t *testing.T) {
	s, without := Summary{Hourly: true}, Summary{}
	gather, other := s.NewCollector(), without.NewCollector()
	a := []Reception{{Values: arrivalAt(time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), Local)}}
	later := []Reception{{Values: arrivalAt(time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC), Local)}}
	gather(a)
	gather(later)
	if n := testing.AllocsPerRun(100, func() { gather(a); gather(later) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	other(a)
	if got := without.Hours(); len(got) > 0 {
		t.Errorf("%v without Hourly", got)
	}
}
