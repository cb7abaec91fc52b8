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
