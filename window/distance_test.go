package window

import "testing"

func TestDistanceOf(t *testing.T) {
	for _, test := range []struct {
		count, limit int64
		want         Distance
	}{
		{0, 20, Far}, {14, 20, Far}, {15, 20, Near}, {20, 20, Near}, {21, 20, Over}, {1 << 62, 1, Over},
		{3 << 60, 1 << 62, Near}, {100, 0, Far},
	} {
		if got := DistanceOf(test.count, test.limit); got != test.want {
			t.Errorf("DistanceOf(%d, %d) = %q, want %q", test.count, test.limit, got, test.want)
		}
	}
}
