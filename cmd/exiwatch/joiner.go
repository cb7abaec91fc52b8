package main

import (
	"exiwatch/parser"
	"exiwatch/window"
)

// maxJoined is how many of cPanel's identifications wait for their arrival. cPanel writes one just before it.
const maxJoined = 10_000

// A joiner brings cPanel's `Sender identification` lines together with the arrivals of the same message id.
type joiner struct {
	users map[string]string // by message id
	order []string          // oldest first
}

// user notes an identification.
func (j *joiner) user(e *parser.Entry) {
	if j.users == nil {
		j.users = make(map[string]string)
	}
	id := string(e.MessageID)
	if _, ok := j.users[id]; !ok {
		if len(j.order) == maxJoined {
			delete(j.users, j.order[0])
			j.order = j.order[1:]
		}
		j.order = append(j.order, id)
	}
	j.users[id] = string(e.User)
}

// arrival gives add the user who was identified for the message.
func (j *joiner) arrival(a *parser.Arrival, w *window.Arrival, add func([]byte, *parser.Arrival, *window.Arrival)) {
	if user, ok := j.users[string(a.MessageID)]; ok {
		add([]byte(user), a, w)
	}
}
