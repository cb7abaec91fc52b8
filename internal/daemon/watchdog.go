package daemon

// A watchdog tells the service manager that the logs are really being read. It beats when each log has been read
// further, or been found to hold no more, since the last beat. A reader or owner of the counters that hangs stops it. A
// log that waits for a file doesn't: a restart would not mend that, and would start the waiting anew. No timer beats,
// because a timer would go on beside a reader that hangs.
type watchdog struct {
	beat  func()       // nil: nobody listens
	heard map[int]bool // which of the logs, since the last beat
	logs  int
}

// alive notes that a log is being read.
func (w *watchdog) alive(log int) {
	if w.beat == nil {
		return
	}
	if w.heard[log] = true; len(w.heard) == w.logs {
		clear(w.heard)
		w.beat()
	}
}
