package main

// maxJoined is how many messages back cPanel's identification of a message is brought together with its arrival. cPanel
// writes the two within a second, in either order.
const maxJoined = 10_000

// A joiner brings cPanel's `Sender identification` lines together with the arrivals of the same message id.
type joiner struct {
	messages map[string]*identified // by message id
	order    []string               // oldest first
}

// identified is what is known of a message.
type identified struct {
	user    []byte      // nil: not yet told
	waiting []reception // for the user
}

// user notes an identification, and gives add the arrivals that have waited for it.
func (j *joiner) user(id, user []byte, add func([]byte, reception)) {
	m := j.message(id)
	m.user = append([]byte{}, user...)
	for _, r := range m.waiting {
		add(m.user, r)
	}
	m.waiting = nil
}

// arrival gives add an arrival with the user who was identified for the message, now or later.
func (j *joiner) arrival(id []byte, r reception, add func([]byte, reception)) {
	if m := j.message(id); m.user != nil {
		add(m.user, r)
	} else {
		m.waiting = append(m.waiting, r.clone())
	}
}

func (j *joiner) message(id []byte) *identified {
	if m := j.messages[string(id)]; m != nil {
		return m
	}
	if j.messages == nil {
		j.messages = make(map[string]*identified)
	}
	if len(j.order) == maxJoined {
		delete(j.messages, j.order[0])
		j.order = j.order[1:]
	}
	m := &identified{}
	j.messages[string(id)] = m
	j.order = append(j.order, string(id))
	return m
}
