// Package refusal is replaced by the helper's.
package refusal

// AppendFolded appends text.
func AppendFolded(dst, text []byte) []byte { return append(dst, text...) }

// BlockList returns "".
func BlockList(text []byte) string { return "" }

// Provider returns the host.
func Provider(host string) string { return host }
