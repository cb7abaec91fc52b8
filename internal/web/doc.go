// Package web is the page on which people see whether anybody sends in bulk: it shows what the counters say, and
// changes nothing.
//
// Whoever may see it is decided in one place, guard. On a UNIX socket it is the file's permissions. On a port of
// loopback, to which every user of the machine can connect, it is a token that stands in the path of each address:
// /TOKEN/… . There is no cookie, so none that another site could ride on, and none that a browser sends to the other
// ports of the same machine; and nothing that needs a script.
//
// The book, which the owner of the counters writes and all may read, has the last arrivals; the Source has the rest.
package web
