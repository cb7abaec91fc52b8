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

// program is the path of the one under test, raced that of the same with the race detector; with -short there is none.
// The seeds take program, for raced reads five times slower, and so less happens to it.
var program, raced string

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Set("test.parallel", "5") // most of their time the runs wait
	dir, err := os.MkdirTemp("", "exiwatch-chaos-program-")
	if err != nil {
		log.Fatal(err)
	}
	status := 1
	if !testing.Short() {
		program, raced, err = build(dir)
	}
	if err == nil {
		status = m.Run()
	} else {
		log.Print(err)
	}
	os.RemoveAll(dir)
	os.Exit(status)
}

// build compiles the program, as it is installed and with the race detector. If EXIWATCH_CHAOS_RACE is "yes" or "no"
// both are the one or the other.
func build(dir string) (program, raced string, err error) {
	program, raced = filepath.Join(dir, "exiwatch"), filepath.Join(dir, "exiwatch-raced")
	race := os.Getenv("EXIWATCH_CHAOS_RACE")
	for path, detector := range map[string]bool{program: race == "yes", raced: race != "no"} {
		args := []string{"build", "-buildvcs=false", fmt.Sprintf("-race=%v", detector), "-o", path,
			"exiwatch/cmd/exiwatch"}
		cmd := exec.Command("go", args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
		}
	}
	return program, raced, nil
}
