package chaos

import (
	"os"
	"os/exec"

	"exiwatch/internal/testkit"
)

// compressors are the programs that logrotate's compresscmd names, with the suffix that each gives.
var compressors = []struct{ program, suffix string }{{"gzip", ".gz"}, {"xz", ".xz"}, {"bzip2", ".bz2"},
	{"zstd", ".zst"}}

// compress has a program compress a cycled file as logrotate does: the new file grows beside the old one, whose times
// it gets and which then goes. It does nothing where the program is missing.
func (r *row) compress(f *cycledFile, which int) {
	c := compressors[which]
	program, err := exec.LookPath(c.program)
	if f == nil || f.zip != "" || err != nil {
		return
	}
	in, err := os.Open(f.stem)
	testkit.Must(r.t, err)
	defer in.Close()
	out, err := os.OpenFile(f.stem+c.suffix, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	testkit.Must(r.t, err)
	defer out.Close()
	cmd := exec.Command(program)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, os.Stderr
	testkit.Must(r.t, cmd.Run())
	info, err := in.Stat()
	testkit.Must(r.t, err)
	testkit.Must(r.t, os.Chtimes(f.stem+c.suffix, info.ModTime(), info.ModTime()))
	testkit.Must(r.t, os.Remove(f.stem))
	f.zip = c.suffix
}
