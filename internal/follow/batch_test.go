package follow

import (
	"testing"
	"time"
)

func TestAlive(t *testing.T) {
	for name, c := range map[string]struct {
		batch Batch
		alive bool
	}{
		"lines":          {Batch{lines: make([]line, 1)}, true},
		"at its end":     {Batch{Quiet: true, End: time.Now()}, true},
		"can't be seen":  {Batch{Quiet: true}, false},
		"nothing at all": {Batch{}, false},
	} {
		if got := c.batch.Alive(); got != c.alive {
			t.Errorf("%s: alive = %t, want %t", name, got, c.alive)
		}
	}
}
