package private

import (
	"errors"
	"testing"
)

func TestNewer(t *testing.T) {
	const hint = "install the newer exiwatch again, or do without the file: mv /x /x.newer; the mail isn't sent"
	for text, want := range map[string]bool{
		`{"version":3,"logs":[1,{}]}`: true, `{"more":"x","version":2}`: true, // whatever else it holds
		`{"version":1}`: false, `{"version":0}`: false, `{"version":-2}`: false, `{}`: false, // known, or broken
		`{"version":2`: false, `{"version":"2"}`: false, `{"version":1e99}`: false, `{"version":2.5}`: false, ``: false,
		`[2]`: false,
	} {
		err := Newer("/x", []byte(text), 1, "the mail isn't sent")
		var newer *NewerError
		var hinted *Error
		if got := errors.As(err, &newer) && errors.As(err, &hinted); got != want {
			t.Errorf("Newer(%q) = %v, want an error: %v", text, err, want)
		}
		if want && hinted.Hint != hint {
			t.Errorf("hint %q", hinted.Hint)
		}
	}
}
