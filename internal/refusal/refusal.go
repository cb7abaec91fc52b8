// Package refusal is replaced by the helper's.
package refusal

// AppendFolded appends text.
func AppendFolded(dst, text []byte) []byte { return append(dst, text...) }
