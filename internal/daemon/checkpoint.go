package daemon

import (
	"exiwatch/internal/follow"
	"exiwatch/internal/pipeline"
)

// checkpointVersion is raised when an older program can't go on from the checkpoint: see private.Newer.
const checkpointVersion = 1

// A checkpoint says how far the logs have been counted. The alerts of everything before it are in the spool, and none
// of their mails was sent before the checkpoint was on disk. Counters are not in it: the log has them.
type checkpoint struct {
	Version int                           `json:"version"`
	Spooled int64                         `json:"spooled"` // the last mail in the spool that it covers
	Told    map[string]int64              `json:"told"`    // the same of each channel, by name
	Folded  bool                          `json:"folded"`  // the alerts' values are
	Gaps    []Gap                         `json:"gaps,omitempty"`
	Mailbag savedLimiter                  `json:"mailbag"`
	Own     []pipeline.SentMail           `json:"own"`
	Logs    map[string]*follow.Checkpoint `json:"logs"` // by path
}
