package mailer

// A Message is one mail, ready to go.
type Message struct {
	ID    string   // the alert's id
	Event string   // opened; later also grew and ended
	From  string   // envelope sender; "" is the null sender, which nobody answers
	To    []string // envelope recipients, those of To and Cc; one without a domain is for the mail server to qualify
	Data  []byte   // header and body, lines ended by CRLF, ASCII only
}
