// Package spool keeps mails on disk until they are delivered, and delivers each once, wherever the process is killed.
// A mail is durable when Put returns. Run tries each mail again with growing pauses, keeps the mails about one alert in
// order, and lets no server that hangs delay the others.
//
//	mailer.Composer → Message → Spool.Put → disk → Spool.Run → transport.Transport
//
// # Once
//
// The caller reads a log, and writes a checkpoint now and then: the log is read up to here. After a crash it reads
// again from the last checkpoint, and makes the same mails again, in rare cases under another id. Therefore a mail is
// put at once, which survives a crash, but is sent only when a checkpoint covers it.
//
// A mail server may take a mail just before this process dies. Exim logs an arrival before it answers, so the log shows
// the mail after the restart. The caller recognises it by its Message-ID, which nobody can forge without the key
// (mailer.Genuine).
//
//	s, err := spool.Open(dir)
//	s.DropUncommitted(checkpoint.Seq)    // mails that no checkpoint covers are made again
//	go s.Run(ctx, transport, report)
//	…
//	s.Put(mail)                          // an alert opened; PutAll(mails) is one fsync for all
//	s.ConfirmDelivered(id, event)        // the log shows a mail whose Message-ID is Genuine
//	…
//	seq := s.Last()
//	s.Sync()                             // the disk knows the deliveries that the log showed before place
//	write(checkpoint{place, seq})        // durably; then
//	s.Commit(seq)                        // Run may send the mails that it covers
//	…
//	s.ResolveUncertain(now)              // the log is read to its end: mails that it doesn't show are sent again
//
// Mails about one alert are sent in the order of Put, to each recipient.
//
// # What can still send a mail twice, or lose it
//
//   - The mail server isn't the Exim whose log is read, and takes a mail just before the process is killed or the
//     connection breaks: the mail is sent again, under the same Message-ID. The same happens if the log was removed, or
//     doesn't show Message-IDs.
//   - The process is killed while sendmail runs, and sendmail hands the mail to Exim more than 10 seconds
//     (transport.Sendmail.Linger) after the next process began: the same.
//   - The process is killed in a conversation after Exim logged the mail, and Exim has refused some of its recipients
//     for now: these don't get it. Or it is killed after such a conversation, before the disk knows the recipients that
//     are left: then all get it again, or those that are left don't get it. While the process lives it writes every
//     result down, even on a full disk: it overwrites the old text in place.
//   - The disk fails, or forgets what it was made to sync.
package spool
