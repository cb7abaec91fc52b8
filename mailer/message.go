package mailer

// A Message is one mail, ready to go, or a Notice, which has no envelope.
type Message struct {
	ID     string   // the alert's id, that of the first where it is about several
	Alerts []string // the ids of all that it is about; none: ID alone
	// opened, grew and how many times, or ended; a digest's is that of its first item with a d before it
	Event string
	From  string   // envelope sender; "" is the null sender, which nobody answers
	To    []string // envelope recipients, those of To and Cc; one without a domain is for the mail server to qualify
	Data  []byte   // header and body, lines ended by CRLF, ASCII only; of a notice, its JSON
}
