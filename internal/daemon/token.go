package daemon

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"exiwatch/internal/private"
)

// tokenFile holds the token that addresses of the live page on a port begin with. Whoever can read it can look at the
// page.
const tokenFile = "web-token"

// tokenSize can't be guessed: 160 bits.
const tokenSize = 32 // letters and digits

const maxToken = 64 // bytes of the file: tokenForm and a line feed

var tokenForm = regexp.MustCompile(`^[a-z2-7]{32}$`)

// webToken returns the token. The first start makes it, and a later one makes it anew if others could have read it.
func (s *state) webToken() (string, error) {
	info, err := os.Lstat(filepath.Join(s.dir, tokenFile))
	if err == nil && info.Mode().Perm()&0o077 == 0 {
		token, err := WebToken(s.dir)
		if err == nil || !errors.Is(err, errBrokenToken) {
			return token, err
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the token of the live page: %w", err)
	}
	token := strings.ToLower((rand.Text() + rand.Text())[:tokenSize])
	if err := s.write(tokenFile, []byte(token+"\n")); err != nil {
		return "", fmt.Errorf("making the token of the live page: %w", err)
	}
	return token, nil
}

var errBrokenToken = errors.New("it holds no token")

// WebToken reads the token in a state folder.
func WebToken(dir string) (string, error) {
	path := filepath.Join(dir, tokenFile)
	text, err := private.Read(path, maxToken)
	if err != nil {
		return "", fmt.Errorf("reading the token of the live page: %w", err)
	}
	token := strings.TrimSuffix(string(text), "\n")
	if !tokenForm.MatchString(token) {
		return "", fmt.Errorf("reading the token of the live page in %s: %w", path, errBrokenToken)
	}
	return token, nil
}
