package chaos

import (
	"fmt"
	"time"
)

// storm has many accounts go over a limit at a time, each in a script of this machine. One in three goes on until it is
// twice over it. Then log time passes, so that all these alerts end.
func (c *chaos) storm(accounts int) {
	c.storms++
	c.note("storm: %d accounts", accounts)
	for turn := range 3 {
		for i := range accounts {
			if turn == 0 || i%3 == 0 {
				c.writer.mu.Lock()
				c.writer.write(c.traffic.sentinel(fmt.Sprintf("storm%d.%d", c.storms, i)))
				c.writer.mu.Unlock()
			}
		}
	}
	c.writer.mu.Lock()
	defer c.writer.mu.Unlock()
	c.traffic.jump(3 * time.Minute)
}
