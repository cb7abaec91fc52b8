// Package follow follows one live main log, a file or the journal, for whoever owns the counters: the daemon, or a
// person who watches. It reads the log in batches and parses them ahead, knows how far the log has been counted, and
// resumes there after a restart: it reads silently what was counted before, until the counters are what they were.
//
//	tailer.Follower → batcher → Batch → LiveLog.Count → pipeline.Pipeline
package follow
