package chaos

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the path of the one under test, which is built once; with -short it isn't needed.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "5") // most of their time the runs wait
	dir, err := os.MkdirTemp("", "exiwatch-chaos-program-")
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

// build compiles the program, with the race detector unless EXIWATCH_CHAOS_RACE is "no".
func build(dir string) (program string, err error) {
	program = filepath.Join(dir, "exiwatch")
	args := []string{"build", "-buildvcs=false", "-o", program}
	if os.Getenv("EXIWATCH_CHAOS_RACE") != "no" {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "exiwatch/cmd/exiwatch")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return program, nil
}
