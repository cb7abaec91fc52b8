package watch

import (
	"os"
	"slices"

	"exiwatch/tailer"
)

// behind is how many bytes of a log lie behind a place up to which it was counted, in that file and in later ones,
// compressed ones as they are stored. Where the file is gone, that is what the log itself holds.
func behind(path string, cycledTo []string, at tailer.Position) int64 {
	row, err := tailer.MembersByName(path, cycledTo...)
	if err != nil {
		return 0 // it isn't there: nothing is written
	}
	n := slices.IndexFunc(row, func(m tailer.Member) bool {
		return m.Start.Inode == at.Inode && m.Start.Device == at.Device
	})
	if n < 0 {
		return sizeOf(path)
	}
	sum := row[n].Size
	if row[n].Compressed {
		sum = 0
	} else if sum >= at.Offset { // else it was truncated
		sum -= at.Offset
	}
	for _, m := range row[n+1:] {
		sum += m.Size
	}
	return sum
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
