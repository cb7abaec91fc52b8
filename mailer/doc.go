// Package mailer makes the mail of an alert, keeps it where a crash can't lose it, and hands it to a mail server.
//
//	window.Alert ─Composer→ Message ─Spool.Put→ disk ─Spool.Run→ Transport (SMTP | Sendmail)
//
// Everything that an alert tells comes from the main log, and so from whoever sent the mail: what stands in a Message has gone
// through Escape, and what would still be broken is refused before it is spooled.
package mailer
