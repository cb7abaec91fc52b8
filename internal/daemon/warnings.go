package daemon

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// warnPause is how long warnings of one kind are gathered after one was logged. So nobody fills the disk by making odd
// lines.
const warnPause = time.Minute

// warnings logs the first warning of a kind at once. Of those that follow within warnPause it logs the last one, with
// their number. Its zero value is ready. Any goroutine may use it.
type warnings struct {
	mu    sync.Mutex
	kinds map[string]*warning
}

type warning struct {
	attributes []any // of the last one
	more       int   // that weren't written
	until      time.Time
}

// add takes a warning; its message is its kind.
func (w *warnings) add(log *slog.Logger, now time.Time, message string, attributes ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kinds == nil {
		w.kinds = make(map[string]*warning)
	}
	kind := w.kinds[message]
	if kind == nil {
		kind = new(warning)
		w.kinds[message] = kind
	}
	if now.Before(kind.until) {
		kind.more++
		kind.attributes = attributes
		return
	}
	log.Warn(message, attributes...)
	kind.until = now.Add(warnPause)
}

// tell logs what was gathered for long enough, or all of it.
func (w *warnings) tell(log *slog.Logger, now time.Time, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, message := range slices.Sorted(maps.Keys(w.kinds)) {
		kind := w.kinds[message]
		if kind.more > 0 && (all || !now.Before(kind.until)) {
			log.Warn(message, append(kind.attributes, "more", kind.more)...)
			kind.more, kind.until = 0, now.Add(warnPause)
		}
	}
}
