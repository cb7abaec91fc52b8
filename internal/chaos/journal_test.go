package chaos

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"
)

// A journal says what happened when. Anybody may write to it until it is closed.
type journal struct {
	mu   sync.Mutex
	file *os.File
}

func newJournal(t *testing.T, path string) *journal {
	f, err := os.Create(path)
	testkit.Must(t, err)
	return &journal{file: f}
}

func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fmt.Fprintf(j.file, "%s %s\n", time.Now().UTC().Format("15:04:05.000"), fmt.Sprintf(format, args...))
}

func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.file.Close()
}
