package spool

import (
	"os"
	"path/filepath"
	"time"

	"exiwatch/mailer"
)

// A State is what became of a mail.
type State uint8

const (
	Unknown State = iota // it waits, was never put, or its mark was pruned
	Sent
	Refused
)

// Look says what became of a mail by its name (mailer.Message.Name), and when, going by the folder of a spool. Any
// process that may read the folder may look.
func Look(dir, name string) (State, time.Time) {
	if !mailer.ValidName(name) {
		return Unknown, time.Time{}
	}
	for state, path := range map[State]string{
		Sent: filepath.Join(dir, sentDir, name), Refused: filepath.Join(dir, refusedDir, name+".eml"),
	} {
		if info, err := os.Lstat(path); err == nil {
			return state, info.ModTime()
		}
	}
	return Unknown, time.Time{}
}
