package private

import (
	"encoding/json"
	"fmt"
)

// A NewerError says that a newer exiwatch wrote a file and this program can't continue from it. It wraps an *Error.
type NewerError struct{ err Error }

func (e *NewerError) Error() string { return e.err.Error() }
func (e *NewerError) Unwrap() error { return &e.err }

// Newer fails with a *NewerError if text, a JSON object from the file path, has a "version" above known. without says
// what happens if somebody moves the file away.
//
// The rule for all files of the state folder: keep the version when you add a field that an older program can ignore.
// Raise it when you change what an older program needs to continue. The older program then refuses to start. Otherwise
// it would lose or repeat what the file says.
func Newer(path string, text []byte, known int, without string) error {
	var of struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(text, &of) != nil || of.Version <= known {
		return nil
	}
	return &NewerError{Error{
		path, fmt.Sprintf("was written by a newer exiwatch: it has version %d, and this program reads %d", of.Version,
			known),
		fmt.Sprintf("install the newer exiwatch again, or do without the file: mv %s %s.newer; %s", path, path,
			without),
	}}
}
