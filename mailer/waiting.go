package mailer

import "time"

// Waiting tells how many mails wait, and when the oldest of them was put; the zero time if none does.
func (s *Spool) Waiting() (n int, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.waiting {
		if since.IsZero() || e.Put.Before(since) {
			since = e.Put
		}
	}
	return len(s.waiting), since
}

// Waits tells whether the mail about an event of an alert waits.
func (s *Spool) Waits(id, event string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting[id+"."+event] != nil
}
