package metrics

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const prometheusFolder = "../../packaging/prometheus/"

func TestAlertingRules(t *testing.T) {
	out, err := promtool(t, "", "check", "rules", "--lint-fatal", prometheusFolder+"exiwatch.rules.yml")
	if err != nil || !strings.Contains(out, "SUCCESS") {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
	if out, err := promtool(t, "", "test", "rules", prometheusFolder+"exiwatch.test.yml"); err != nil {
		t.Errorf("promtool test rules: %v\n%s", err, out)
	}
	if out, err := promtool(t, "", "check", "config", "--syntax-only", prometheusFolder+"scrape.yml"); err != nil {
		t.Errorf("promtool check config: %v\n%s", err, out)
	}
}

// TestEachAlertIsTested: rules of which one never fires, fires always, at once or never ends don't pass their tests.
func TestEachAlertIsTested(t *testing.T) {
	t.Parallel()
	rules := read(t, prometheusFolder+"exiwatch.rules.yml")
	folder := t.TempDir()
	write(t, folder+"/exiwatch.test.yml", read(t, prometheusFolder+"exiwatch.test.yml"))
	exprs := regexp.MustCompile(`(?m)^( +expr: )(.*)$`).FindAllStringSubmatchIndex(rules, -1)
	if len(exprs) < 5 {
		t.Fatalf("%d alerts, want five at least", len(exprs))
	}
	for _, at := range exprs {
		for _, instead := range []string{"vector(1) > 1", "vector(1)"} {
			write(t, folder+"/exiwatch.rules.yml", rules[:at[4]]+instead+rules[at[5]:])
			if out, err := promtool(t, "", "test", "rules", folder+"/exiwatch.test.yml"); err == nil {
				t.Errorf("%s in place of %s: the tests pass\n%s", instead, rules[at[4]:at[5]], out)
			}
		}
	}
	for _, pause := range []string{"5m", "10m"} {
		write(t, folder+"/exiwatch.rules.yml", strings.ReplaceAll(rules, "for: "+pause, "for: 0m"))
		if out, err := promtool(t, "", "test", "rules", folder+"/exiwatch.test.yml"); err == nil {
			t.Errorf("for: 0m in place of %s: the tests pass\n%s", pause, out)
		}
	}
}

// TestEveryAlertSaysWhatToDo and what has happened.
func TestEveryAlertSaysWhatToDo(t *testing.T) {
	rules := read(t, prometheusFolder+"exiwatch.rules.yml")
	for _, rule := range strings.Split(rules, "- alert: ")[1:] {
		name, _, _ := strings.Cut(rule, "\n")
		if !strings.Contains(rule, "summary: ") || !strings.Contains(rule, "description: ") ||
			!strings.Contains(rule, "severity: ") {
			t.Errorf("%s lacks severity, summary or description", name)
		}
	}
}

// dashboard is what is looked at of Grafana's JSON.
type dashboard struct {
	Title, UID string
	Panels     []struct {
		ID          int
		Title, Type string
		Datasource  source
		GridPos     struct{ X, Y, W, H int }
		Targets     []struct {
			RefID, Expr string
			Datasource  source
		}
	}
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
}

type source struct{ Type, UID string }

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, "../../packaging/grafana/exiwatch.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	variables := make(map[string]bool)
	for _, v := range d.Templating.List {
		variables[v.Name] = true
	}
	if d.Title == "" || d.UID == "" || len(d.Panels) < 5 || !variables["datasource"] || !variables["instance"] {
		t.Fatalf("%d panels, variables %v", len(d.Panels), variables)
	}
	const width = 24 // of Grafana's grid
	ids, taken := make(map[int]bool), make(map[[2]int]string)
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 ||
			p.Datasource != (source{"prometheus", "${datasource}"}) {
			t.Errorf("panel %d %q: its id is taken, or it lacks a title, a query or a data source", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= width {
					t.Fatalf("panel %q lies over %q, or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, q := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(q.Expr)
			if strings.Contains(expr, "$") || q.Datasource != p.Datasource {
				t.Errorf("panel %q: %s", p.Title, q.Expr)
			}
			fmt.Fprintf(&rules, "  - record: dashboard:panel_%d:%s\n    expr: %q\n", p.ID, q.RefID, expr)
		}
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	write(t, file, rules.String())
	if out, err := promtool(t, "", "check", "rules", "--lint-fatal", file); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
}

// TestNamesInRulesAndDashboard: each is that of a metric, and each label one that this metric has.
func TestNamesInRulesAndDashboard(t *testing.T) {
	exposition := scrape(t, whole())
	labels := map[string]string{"up": ",job,instance,"}
	for _, m := range regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? `).FindAllStringSubmatch(exposition, -1) {
		labels[m[1]] = ",job,instance," + regexp.MustCompile(`="(?:[^"\\]|\\.)*"`).ReplaceAllString(m[2], "") + ","
	}
	exprs := make(map[string]string)
	for _, p := range readDashboard(t).Panels {
		for _, q := range p.Targets {
			exprs["panel "+p.Title+" "+q.RefID] = q.Expr
		}
	}
	rules := read(t, prometheusFolder+"exiwatch.rules.yml")
	for _, m := range regexp.MustCompile(`(?m)^ +(?:- alert: (\w+)|expr: (.*))$`).FindAllStringSubmatch(rules, -1) {
		exprs["rule "+m[1]+m[2]] = m[2]
	}
	selector := regexp.MustCompile(`\b([a-z][a-z_0-9]*)\b(\{[^}]*\})?`)
	words := map[string]bool{"sum": true, "max": true, "rate": true, "increase": true, "by": true, "or": true, "absent": true, "histogram_quantile": true,
		"m": true, "__rate_interval": true}
	seen := 0
	for where, expr := range exprs {
		groups := regexp.MustCompile(`by \([a-z, ]*\)|\[[^]]*\]`)
		for _, m := range selector.FindAllStringSubmatch(groups.ReplaceAllString(expr, ""), -1) {
			if words[m[1]] {
				continue
			}
			seen++
			has, ok := labels[m[1]]
			if !ok {
				t.Errorf("%s: there is no metric %s", where, m[1])
			}
			for _, l := range regexp.MustCompile(`([a-z]+)=`).FindAllStringSubmatch(m[2], -1) {
				if !strings.Contains(has, ","+l[1]+",") {
					t.Errorf("%s: %s has no label %s", where, m[1], l[1])
				}
			}
		}
		for _, m := range regexp.MustCompile(`by \(([a-z, ]*)\) \((?:rate|increase)?\(?(\w+)`).FindAllStringSubmatch(expr, -1) {
			for _, l := range strings.Split(m[1], ", ") {
				if !strings.Contains(labels[m[2]], ","+l+",") {
					t.Errorf("%s: %s has no label %s to sum by", where, m[2], l)
				}
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d names were looked at", seen)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
