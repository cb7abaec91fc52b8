//go:build race

package distinct

func init() { underRace = true }
