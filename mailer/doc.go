// Package mailer makes the mail of an alert, keeps it where a crash can't lose it, and hands it to a mail server.
//
//	window.Alert ─Composer→ Message ─Spool.Put→ disk ─Spool.Run→ Transport (SMTP | Sendmail)
//
// Everything that an alert tells comes from the main log, and so from whoever sent the mail: what stands in a Message
// has gone through escape.Text, and what would still be broken is refused before it is spooled.
//
// # Once
//
// The caller reads a log, and now and then makes a checkpoint: up to here it is read. What lies behind the last
// checkpoint is read again after a crash, and makes its mails again, in a rare case under another id. Therefore a
// mail is put at once, which survives a crash, but goes only when a checkpoint covers it. And a mail server may take
// a mail that is not known to be sent when the process dies, but Exim has logged its arrival before it answers: the
// mail is then recognised in the log by its Message-ID, which nobody can forge without the key.
//
//	s := OpenSpool(dir)
//	s.Drop(checkpoint.Seq)               // what no checkpoint covers is told again
//	go s.Run(ctx, transport, report)
//	…
//	s.Put(mail)                          // an alert opened; PutAll(mails) is one fsync for all
//	s.Arrived(id, event)                 // the log shows a mail whose Message-ID is Genuine
//	…
//	seq := s.Last()
//	s.Sync()                             // so that the disk knows of the arrivals before place
//	write(checkpoint{place, seq})        // durably; then
//	s.Commit(seq)                        // what it covers may go
//	…
//	s.Settle(now)                        // the log is read to its end: what may have been taken without our knowing goes again
//
// Mails about one alert go in the order in which they were put, to each recipient. A conversation that hangs stops no
// other alert's mail: see Run, and lineup.
//
// So each mail goes once, wherever the process is killed. What can't be ruled out:
//
//   - The mail server isn't the Exim whose log is read, and takes a mail just before the process is killed or the
//     connection breaks: the mail goes again, under the same Message-ID. The same holds where the log was removed, or
//     doesn't show Message-IDs.
//   - The process is killed while sendmail runs, and that has the mail logged more than sendmailLinger after the next
//     process began: the same.
//   - The process is killed in a conversation after Exim logged the mail, and Exim has refused it for some of its
//     recipients for now: these don't get it. Or it is killed after such a conversation, before the disk knows who is
//     left: all get it, or those who are left don't. What the process lives to see, it writes down: also on a full
//     disk, in the place of what the file said before.
//   - The disk fails, or forgets what it was made to sync.
package mailer
