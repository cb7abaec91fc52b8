//go:build race

package daemon

func init() { underRace = true }
