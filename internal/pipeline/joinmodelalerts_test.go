package pipeline_test

import (
	"cmp"
	"fmt"
	"maps"

	"exiwatch/internal/refusal"
	"exiwatch/window"
)

// Opened gets the messages of an alert.
func (m *joinModel) Opened(a *window.Alert, ids [][]byte) {
	m.alerts = append(m.alerts, &modelAlert{Alert: a, ids: map[string]bool{}})
	for _, id := range ids {
		m.Joined(a, id)
	}
}

// Joined gets another message.
func (m *joinModel) Joined(a *window.Alert, id []byte) {
	for _, alert := range m.alerts {
		if alert.Alert != a {
			continue
		}
		if alert.ids[string(id)] = true; m.again[string(id)] > 1 {
			alert.stale = true
		}
		for _, row := range m.rows {
			if m.origin(row.ID) == string(id) && row.clock <= m.counters.Clock().Now-m.longest {
				alert.stale = true
			}
		}
	}
}

func (m *joinModel) origin(id string) string { return cmp.Or(m.back[id].origin, id) }

// fatesOf says what became of an alert's messages before line n.
func (m *joinModel) fatesOf(a *modelAlert, n int) string {
	f := window.Fates{Known: len(m.rows) > 0 && m.rows[0].n <= n}
	refusals, completed, deferred := map[string]map[string]int64{}, map[string]bool{}, map[string]bool{}
	for _, row := range m.rows {
		if row.n >= n || !a.ids[m.origin(row.ID)] {
			continue
		}
		completed[row.ID] = completed[row.ID] || row.Flag == "Completed"
		nature, ok := natureOf(row.DeliveryLogLine)
		recipient := m.origin(row.ID) + cmp.Or(row.Original, row.Address)
		switch {
		case !ok, nature == window.Deferred && (row.NoTry || deferred[recipient]):
			continue
		case nature == window.Delivered:
			if !m.isHere(row.DeliveryLogLine) || !m.isBack(row.ID, n) {
				f.Delivered++
			}
			continue
		case nature == window.Deferred:
			deferred[recipient] = true
			f.Deferred++
		default:
			f.Refused++
		}
		text := string(refusal.AppendFolded(nil, []byte(row.Error)))
		if refusals[text] == nil {
			refusals[text] = map[string]int64{}
		}
		if refusals[text][""]++; row.Host != "" {
			refusals[text]["peer"+row.Host[:3]] = 0
		}
	}
	for id := range a.ids {
		left := !completed[id]
		for other, back := range m.back {
			left = left || back.origin == id && back.n < n && !completed[other]
		}
		if left {
			f.Queued++
		}
	}
	return fmt.Sprintf("%+v %v", f, refusals)
}

// isBack tells whether a filter had handed back the message before line n.
func (m *joinModel) isBack(id string, n int) bool {
	for back := range maps.Values(m.back) {
		if back.origin == id && back.n < n {
			return true
		}
	}
	return false
}
