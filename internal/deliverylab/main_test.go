// Package deliverylab shows with a real Exim what becomes of mail. Exim delivers to SMTP servers of the tests, which
// accept, refuse, defer, or close the connection, and write down what they answered. That is the truth. What the log
// says and what exiwatch counts is compared with it.
//
// Exim and the servers have a network of their own, so that public addresses can be used: nothing leaves the machine.
package deliverylab

import (
	"flag"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programVariable is the environment variable that names the program under test to a test in a network of its own.
const programVariable = "EXIWATCH_TEST_PROGRAM"

// program is the path of the one under test; "" with -short.
var program = os.Getenv(programVariable)

func TestMain(m *testing.M) {
	flag.Parse()
	if program != "" || testing.Short() {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "exiwatch-deliverylab-")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(dir, "exiwatch")
	status := 1
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "exiwatch/cmd/exiwatch")
	if out, err := build.CombinedOutput(); err == nil {
		status = m.Run()
	} else {
		log.Printf("%v: %v\n%s", build.Args, err, out)
	}
	os.RemoveAll(dir)
	os.Exit(status)
}
