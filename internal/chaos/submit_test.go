package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/smtp"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// send sends in bursts, each as somebody else or as one of a few that come again.
func (e *eximChaos) send(sender int, end time.Time) {
	r := rand.New(rand.NewPCG(*seed, uint64(10+sender)))
	for i := 0; time.Now().Before(end); i++ {
		who := fmt.Sprintf("s%d-%d@lab.test", sender, i)
		if r.IntN(4) == 0 {
			who = fmt.Sprintf("again%d@lab.test", r.IntN(3))
		}
		if r.IntN(3) == 0 {
			e.submit(who, 1+r.IntN(8))
		} else {
			e.burst(who, 1+r.IntN(12))
		}
		time.Sleep(time.Duration(r.IntN(500)) * time.Millisecond) // the pace of sending
	}
}

// burst sends messages in one conversation, as an authenticated user.
func (e *eximChaos) burst(who string, messages int) {
	c, err := smtp.Dial(e.address())
	if err == nil {
		err = c.Auth(smtp.PlainAuth("", who, "secret", "127.0.0.1"))
	}
	for i := 0; i < messages && err == nil; i++ {
		err = e.message(c, who, i)
	}
	if err == nil {
		err = c.Quit()
	}
	if err != nil {
		e.t.Errorf("submitting: %v", err)
	}
}

// message sends one; Exim has logged it when it has answered.
func (e *eximChaos) message(c *smtp.Client, who string, i int) error {
	e.cycling.RLock()
	defer e.cycling.RUnlock()
	if err := c.Mail(who); err != nil {
		return err
	}
	for n := range 1 + i%3 {
		if err := c.Rcpt(fmt.Sprintf("somebody%d@example.org", n)); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "From: <%s>\r\nSubject: \"Invoice\" %d A=plain:victim\r\n\r\nhello\r\n", who, i)
	return w.Close()
}

// submit hands messages to a process of Exim's each, which logs them itself.
func (e *eximChaos) submit(who string, messages int) {
	for i := range messages {
		e.cycling.RLock()
		cmd := exec.Command("exim4", "-C", filepath.Join(e.dir, "exim.conf"), "-odf", "-f", who, "somebody@example.org")
		cmd.Stdin = strings.NewReader(fmt.Sprintf("Subject: Order %d\n\nhello\n", i))
		out, err := cmd.CombinedOutput()
		e.cycling.RUnlock()
		if err != nil {
			e.t.Errorf("submitting: %v: %s", err, out)
			return
		}
	}
}
