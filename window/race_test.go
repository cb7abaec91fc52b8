//go:build race

package window

func init() { underRace = true }
