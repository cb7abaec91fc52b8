// Package mailer turns a window.Alert into a mail that an administrator can act on at 3 a.m.: who sent how much, since
// when, from where, what the messages say, and which commands to type next. The text and the HTML state the same, an
// inline chart shows the course, and all mails about one alert form a thread.
//
//	composer := mailer.Composer{
//		From: "exiwatch@mx.example.org", To: []string{"root"}, Host: "mx.example.org", Key: key,
//	}
//	message, err := composer.Opened(alerts, time.Now())
//
// A [Composer] makes one mail for each event of an alert: Opened, Grew, Ended and Withdrawn. Digest combines many
// events in one mail. Notice makes the same event as JSON, for programs. The package does no delivery:
// exiwatch/mailer/transport sends a [Message], and exiwatch/mailer/spool keeps it on disk until it is delivered.
//
// # Hostile input
//
// Everything that an alert reports comes from the main log, and so from whoever sent the mail. Each value passes
// escape.Text before it becomes part of a mail. The finished mail is then read back as a mail client would read it, and
// is refused if it says anything else than was meant.
//
// # Message-IDs
//
// Exim logs the mails of this package, too. [MessageID] puts a MAC into the Message-ID, so that the caller can tell a
// mail of its own ([Genuine]) from one that somebody forged.
package mailer
