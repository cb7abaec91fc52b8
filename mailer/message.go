package mailer

import "fmt"

// A Message is one mail, ready to be sent, or a Notice, which has no envelope.
type Message struct {
	ID     string   // the alert's id, that of the first where it is about several
	Alerts []string // the ids of all alerts and incidents that it is about; none: ID alone
	// opened, grew and how many times, ended or withdrawn, as FleetMark.EventName has it; a digest's is that of its
	// first item with a d before it
	Event string
	From  string   // envelope sender; "" is the null sender, which nobody answers
	To    []string // envelope recipients, those of To and Cc; one without a domain is for the mail server to qualify
	Data  []byte   // header and body, lines ended by CRLF, ASCII only; of a notice, its JSON
}

// Name is ID.EVENT, which no other mail has.
func (m Message) Name() string { return m.ID + "." + m.Event }

// Check returns an error unless the name and the addresses are safe: names become paths, and addresses become arguments
// and SMTP commands.
func (m Message) Check() error {
	if !ValidName(m.Name()) {
		return fmt.Errorf("%q is not the id and event of an alert", m.Name())
	}
	if m.From != "" && !mailboxOK.MatchString(m.From) {
		return fmt.Errorf("sender %q is not a plain address", m.From)
	}
	for _, addr := range m.To {
		if !mailboxOK.MatchString(addr) && !bareOK.MatchString(addr) {
			return fmt.Errorf("recipient %q is not a plain address", addr)
		}
	}
	return nil
}

// ValidName reports whether name can be that of a mail: ID.EVENT.
func ValidName(name string) bool { return nameOK.MatchString(name) }
