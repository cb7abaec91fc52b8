package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A progress bar appears on a terminal if the work takes longer than progressDelay.
type progress struct {
	w     io.Writer // nil: no terminal
	start time.Time
	drawn time.Time
}

const (
	progressDelay = time.Second
	progressEvery = 100 * time.Millisecond
	progressWidth = 40 // characters
)

func newProgress(w io.Writer) *progress {
	if !isTerminal(w) {
		w = nil
	}
	return &progress{w: w, start: time.Now()}
}

// show draws the bar; done goes from 0 to 1.
func (p *progress) show(done float64) {
	now := time.Now()
	if p.w == nil || now.Sub(p.start) < progressDelay || now.Sub(p.drawn) < progressEvery {
		return
	}
	p.drawn = now
	done = min(max(done, 0), 1) // a log may grow while it is read
	full := int(done * progressWidth)
	fmt.Fprintf(p.w, "\r[%s%s] %3.0f%%", strings.Repeat("#", full), strings.Repeat(".", progressWidth-full), 100*done)
}

// end removes the bar.
func (p *progress) end() {
	if !p.drawn.IsZero() {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", progressWidth+8))
	}
}
