// Package readsocket answers Exim's ${readsocket{…}} (spec, "Expansion items"), and asks as it does.
//
// A request is a line; its LF may be missing, for Exim closes its half of the connection behind it. Answers are
// separated by LFs, not ended: Exim keeps one, and `condition` takes "yes\n" for an error.
//
//	alice@lab.test                                     a value of the socket's key
//	sender=alice@lab.test host=192.0.2.1 "a b"         several, with or without a key's name: is any over a limit?
//	count sender=alice@lab.test                        a number: the highest count of any
//
// An item that doesn't begin with a key's name is a value as a whole, so that a=b@lab.test is one. Values are quoted as
// ${quote:…} quotes. A line that begins with a quote but is no list of such items is one value as it stands: an
// envelope sender like "a b"@lab.test. An empty line is an empty value.
package readsocket
