package watch

// A heartbeat tells that the logs are really being read: it beats when each of them has been read further, or been
// found to hold no more, since it beat last. A reader or owner of the counters that hangs stops it. A file that is
// waited for doesn't: a restart wouldn't mend that, and would begin the waiting anew. No clock beats: a ticker would
// go on beside a reader that hangs.
type heartbeat struct {
	beat  func()       // nil: nobody listens
	heard map[int]bool // which of the logs, since the last beat
	logs  int
}

func newHeartbeat(beat func(), logs int) heartbeat {
	return heartbeat{beat: beat, heard: make(map[int]bool, logs), logs: logs}
}

// counted is told of each batch when its lines have been counted, and whether its log is waited for.
func (h *heartbeat) counted(b *batch, waits bool) {
	if h.beat == nil || b.empty() && b.end.IsZero() && !waits {
		return
	}
	if h.heard[b.log] = true; len(h.heard) == h.logs {
		clear(h.heard)
		h.beat()
	}
}
