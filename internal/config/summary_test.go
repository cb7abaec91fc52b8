package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSummarySchedule(t *testing.T) {
	for text, want := range map[string]*Schedule{
		"":                               nil,
		"[summary]":                      {Minute: 7 * 60},
		"[summary]\nevery = 'week'":      {Week: true, Minute: 7 * 60},
		"[summary]\nat = '00:05'":        {Minute: 5},
		"[summary]\nto = ['a@lab.test']": {Minute: 7 * 60, To: []string{"a@lab.test"}},
	} {
		c, err := Parse("x.toml", []byte(text))
		if diff := cmp.Diff(want, c.Summary); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
}
