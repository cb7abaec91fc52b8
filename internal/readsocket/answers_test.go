package readsocket

import (
	"io"
	"strings"
	"testing"
)

func TestAnswersAreTold(t *testing.T) {
	s, path := serve(t)
	c := dial(t, path)
	io.WriteString(c, "over\nunder\ncount over\nnone=x=\"\nslow\nsender=\"\ncount slow\n")
	c.CloseWrite()
	if got := answer(t, c); strings.Count(got, "\n") != 6 {
		t.Fatalf("answered %q", got)
	}
	a := s.Stats()
	want := [NumAnswers]int64{Yes: 1, No: 2, Number: 1, Unintelligible: 1, Late: 2}
	if a.Answers != want {
		t.Errorf("answered %v, want %v", a.Answers, want)
	}
	fast, all := a.Within[0], a.Within[len(a.Within)-1]
	if a.Took < 2*AnswerTime || a.Within[5] > 5 || fast > all || all > 7 {
		t.Errorf("7 answers took %v, %v within %v", a.Took, a.Within, Latencies)
	}
	for answer := range NumAnswers {
		if answer.String() == "" {
			t.Errorf("answer %d has no name", answer)
		}
	}
}
