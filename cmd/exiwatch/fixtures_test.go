package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fixtureSets are the logs that a real Exim wrote, with hostile.log, each as the files of one set in their order.
func fixtureSets(t *testing.T) map[string][]string {
	t.Helper()
	sets := map[string][]string{
		"hostile": {"../../fixtures/hostile.log"},
		"logs/cycled": {"../../fixtures/logs/cycled/mainlog", "../../fixtures/logs/cycled/mainlog.1",
			"../../fixtures/logs/cycled/mainlog.2.gz"},
	}
	names, err := filepath.Glob("../../fixtures/logs/*.log")
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, name := range names {
		sets["logs/"+strings.TrimSuffix(filepath.Base(name), ".log")] = []string{name}
	}
	return sets
}

// exiwatch runs a command line and gives what it prints.
func exiwatch(t *testing.T, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(t.Context(), args, strings.NewReader(stdin), &out, &err)
	return out.String(), err.String(), status
}

// TestFixtureArrivals compares every arrival of the fixtures with what was sent.
func TestFixtureArrivals(t *testing.T) {
	for name, files := range fixtureSets(t) {
		t.Run(name, func(t *testing.T) {
			out, _, status := exiwatch(t, "", append([]string{"arrivals", "--timezone", "UTC"}, files...)...)
			if status != exitDone {
				t.Fatalf("status %d", status)
			}
			got, want := objects(t, out), objects(t, read(t, "../../fixtures/"+name+".arrivals.jsonl"))
			if len(got) != len(want) {
				t.Errorf("%d arrivals, want %d", len(got), len(want))
			}
			for i := range min(len(got), len(want)) {
				got[i]["file"] = filepath.Base(got[i]["file"].(string))
				want[i]["file"] = filepath.Base(want[i]["file"].(string))
				if _, known := want[i]["size"]; !known {
					delete(got[i], "size")
				}
				if diff := cmp.Diff(want[i], got[i]); diff != "" {
					t.Errorf("line %v (-want +got):\n%s", want[i]["line"], diff)
				}
			}
		})
	}
}

// TestFixtureReplay compares alerts and totals with what must come out.
func TestFixtureReplay(t *testing.T) {
	for name, files := range fixtureSets(t) {
		t.Run(name, func(t *testing.T) {
			out, stderr, status := exiwatch(t, "", append([]string{"replay", "--json", "--timezone", "UTC"},
				files...)...)
			if status != exitDone {
				t.Fatalf("status %d: %s", status, stderr)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			totals := objects(t, read(t, "../../fixtures/"+name+".totals.json"))[0]
			for field, want := range totals {
				if list, ok := want.([]any); ok {
					want = float64(len(list))
				}
				if diff := cmp.Diff(want, got[field]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", field, diff)
				}
			}
			if text, err := os.ReadFile("../../fixtures/" + name + ".alerts.json"); err == nil {
				compareAlerts(t, text, got["alerts"].([]any))
			}
		})
	}
}

// compareAlerts compares the fields that are told.
func compareAlerts(t *testing.T, text []byte, got []any) {
	t.Helper()
	var want []map[string]any
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d alerts, want %d", len(got), len(want))
	}
	for i := range want {
		alert := got[i].(map[string]any)
		for field := range maps.Clone(alert) {
			if _, told := want[i][field]; !told {
				delete(alert, field)
			}
		}
		if diff := cmp.Diff(want[i], alert); diff != "" {
			t.Errorf("alert %d (-want +got):\n%s", i, diff)
		}
	}
}

// objects reads JSON objects that stand one behind the other.
func objects(t *testing.T, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for d := json.NewDecoder(strings.NewReader(text)); d.More(); {
		var object map[string]any
		if err := d.Decode(&object); err != nil {
			t.Fatal(err)
		}
		all = append(all, object)
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestFilesInAnyOrder: a cycled set is the same log whatever order its files are named in.
func TestFilesInAnyOrder(t *testing.T) {
	files := fixtureSets(t)["logs/cycled"]
	want, _, _ := exiwatch(t, "", append([]string{"replay", "--json"}, files...)...)
	slices.Reverse(files)
	got, _, _ := exiwatch(t, "", append([]string{"replay", "--json"}, files...)...)
	if got != want {
		t.Errorf("another report for another order:\n%s", cmp.Diff(want, got))
	}
}

// TestDemoLogIsAFixture: what the demo shows is what Exim wrote.
func TestDemoLogIsAFixture(t *testing.T) {
	if read(t, "../../fixtures/logs/subject.log") != string(demoLog) {
		t.Error("demo.log isn't fixtures/logs/subject.log: copy it")
	}
}
