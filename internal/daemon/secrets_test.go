package daemon

import (
	"fmt"
	"os"
	"testing"

	"exiwatch/internal/config/configtest"
	"exiwatch/internal/testkit"
)

// TestReadableSecrets are warned of at the start.
func TestReadableSecrets(t *testing.T) {
	t.Parallel()
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true} {
		token := testkit.Write(t, "token", "secret\n")
		testkit.Must(t, os.Chmod(token, mode))
		c := configtest.Parse(t, fiveAnHour+fmt.Sprintf("\n[webhook]\nurl = 'http://127.0.0.1:1/'\ntoken_file = %q", token))
		c.Log = []string{testkit.Write(t, "mainlog", "")}
		w := start(t, c, false, new(post))
		w.untilSays(ready)
		said := `"msg":"a secret can be read by others","file":"` + token + `","readers":"every user of this machine"`
		if got := w.says(said); got != warned {
			t.Errorf("a token file with mode %v: warned = %v, want %v", mode, got, warned)
		}
		w.stop()
	}
}
