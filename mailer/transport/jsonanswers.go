package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// jsonAnswers sends requests as http.DefaultTransport does. Instead of an error, and of an answer that is no JSON, it
// returns an answer in JSON that describes the failure as Telegram's API does.
type jsonAnswers struct{}

// maxAnswer is how much of an answer is read.
const maxAnswer = 1 << 20 // bytes

func (jsonAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return failure(r, http.StatusServiceUnavailable, err.Error()), nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return failure(r, http.StatusBadGateway, fmt.Sprintf("reading the answer: %v", err)), nil
	}
	if !json.Valid(body) {
		return failure(r, http.StatusBadGateway, answer.Status+", without an answer in JSON"), nil
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// failure is an answer that says why there is no other.
func failure(r *http.Request, code int, why string) *http.Response {
	body, _ := json.Marshal(map[string]any{"ok": false, "error_code": code, "description": why}) // texts and numbers
	return &http.Response{
		Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1,
		ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}
}
