package main

// maxJoined is how many messages are remembered until both their lines are there. cPanel writes the two lines within a
// second, in either order.
const maxJoined = 10_000

// cpanelUsers matches cPanel's `Sender identification` lines with the arrivals of the same message id.
type cpanelUsers struct {
	messages map[string]*identified // by message id
	order    []string               // oldest first
}

// identified is what is known about a message.
type identified struct {
	user    []byte      // nil: not known yet
	waiting []reception // until the user is known
}

// user notes an identification and passes the arrivals that waited for it to add.
func (j *cpanelUsers) user(id, user []byte, add func([]byte, reception)) {
	m := j.message(id)
	m.user = append([]byte{}, user...)
	for _, r := range m.waiting {
		add(m.user, r)
	}
	m.waiting = nil
}

// arrival passes an arrival and its user to add, now or when the identification comes.
func (j *cpanelUsers) arrival(id []byte, r reception, add func([]byte, reception)) {
	if m := j.message(id); m.user != nil {
		add(m.user, r)
	} else {
		m.waiting = append(m.waiting, r.clone())
	}
}

func (j *cpanelUsers) message(id []byte) *identified {
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
