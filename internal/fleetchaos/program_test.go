package fleetchaos

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the path of the one under test; with -short there is none.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", fmt.Sprint(*parallel)) // most of their time the runs wait
	dir, err := os.MkdirTemp("", "exiwatch-fleetchaos-program-")
	if err != nil {
		log.Fatal(err)
	}
	status := 1
	if !testing.Short() {
		program, err = build(dir)
	}
	if err == nil {
		status = m.Run()
	} else {
		log.Print(err)
	}
	os.RemoveAll(dir)
	os.Exit(status)
}

// build compiles the program: with the race detector if EXIWATCH_CHAOS_RACE is "yes".
func build(dir string) (string, error) {
	path := filepath.Join(dir, "exiwatch")
	race := os.Getenv("EXIWATCH_CHAOS_RACE") == "yes"
	cmd := exec.Command("go", "build", "-buildvcs=false", fmt.Sprintf("-race=%v", race), "-o", path,
		"exiwatch/cmd/exiwatch")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return path, nil
}
