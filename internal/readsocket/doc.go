// Package readsocket answers Exim's ${readsocket{…}} (spec, "Expansion items"), and has a client that asks as Exim
// does.
//
// A request is a line. Its LF is optional, as Exim closes its half of the connection after the line. LFs separate the
// answers, and none follows the last: Exim would keep it, and its `condition` treats "yes\n" as an error.
//
//	alice@lab.test                                     a value of the socket's key
//	sender=alice@lab.test host=192.0.2.1 "a b"         several, with or without a key's name: is any over a limit?
//	count sender=alice@lab.test                        a number: the highest count of any
//
// An item that doesn't begin with a key's name is a value as a whole, such as a=b@lab.test. Values may be quoted as
// ${quote:…} does. A line that begins with a quote but isn't a list of items is one value: an envelope sender such as
// "a b"@lab.test. An empty line is an empty value.
package readsocket
