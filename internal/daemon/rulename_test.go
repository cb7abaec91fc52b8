package daemon

import (
	"slices"
	"testing"

	"exiwatch/internal/config/configtest"
	"exiwatch/window"
)

func TestRulesAreToldApartWithoutTheirScopes(t *testing.T) {
	c := configtest.Parse(t, `
[[rule]]
name = "bulk"
limit = 5
[[rule]]
name = "bulk"
limit = 6
[[rule]]
limit = 7
only = ["192.0.2.0/24"]
[[rule]]
limit = 7
ignore = ["sender:alice@lab.test"]
[[rule]]
name = "bulk (2)"
limit = 8
[[rule]]
name = "bulk"
limit = 9
`)
	want := []string{"bulk", "bulk (2)", "account 7/5m", "account 7/5m (2)", "bulk (2) (2)", "bulk (3)"}
	if got := ruleNames(c.Rules); !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	if got := ruleNames([]window.Rule{{Name: "a\xff"}}); !slices.Equal(got, []string{"a\ufffd"}) {
		t.Errorf("names %q of what is no UTF-8", got)
	}
}
