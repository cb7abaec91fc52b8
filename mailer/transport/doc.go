// Package transport hands a mail to whatever delivers it: a mail server by SMTP, the local sendmail program, a command
// (Hook), an HTTP server (Webhook) or a service for chats and phones (Notify). Each sends one mailer.Message, ends in
// bounded time whatever the other side does, and says exactly what became of the mail.
//
//	via, err := transport.Parse("smtp://mx.example.org:25") // or "sendmail", "smtps://…"
//	…
//	err = via.Send(ctx, message)
//
// What became of the mail is the type of the error that [Transport] returns:
//
//	nil               delivered to every recipient
//	*RecipientsError  some recipients were refused; all others have the mail
//	*PermanentError   the mail itself was refused: do not try again
//	*ServerError      the server refuses whatever comes: try again, an administrator must repair it
//	*UncertainError   the connection broke after the mail: the server may have it
//	any other         temporary: try again
//
// The package keeps no state and logs nothing. exiwatch/mailer/spool decides when to try again.
package transport
