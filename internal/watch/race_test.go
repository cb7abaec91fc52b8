//go:build race

package watch

func init() { underRace = true }
