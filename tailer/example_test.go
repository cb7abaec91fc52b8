package tailer_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"exiwatch/tailer"
)

// Follow goes through a rotation, up to the third line.
func ExampleFollower_Follow() {
	folder, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	mainlog := filepath.Join(folder, "mainlog")
	put := func(text string) {
		if err := os.WriteFile(mainlog, []byte(text), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	put("one\ntwo\n")
	ctx, stop := context.WithCancel(context.Background())
	follower := tailer.Follower{Path: mainlog}
	err = follower.Follow(ctx, func(line tailer.Line) error {
		fmt.Println(line.Number, string(line.Text))
		switch string(line.Text) {
		case "two":
			if err := os.Rename(mainlog, mainlog+".1"); err != nil {
				return err
			}
			put("three\n")
		case "three":
			stop()
		}
		return nil
	}, nil)
	fmt.Println(err)
	// Output:
	// 1 one
	// 2 two
	// 1 three
	// context canceled
}

// Open recognizes the compression by the file's content.
func ExampleOpen() {
	file, err := tailer.Open(filepath.Join("testdata", "example.gz"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// a line
	// <nil>
}
