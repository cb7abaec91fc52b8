// Package web serves the live page, which shows whether anybody sends in bulk. It reads the counters, and changes
// nothing.
//
// One function, authorize, decides who may see the page. On a UNIX socket the file's permissions decide. Every user of
// the machine can connect to a port of loopback, so there each path begins with a token: /TOKEN/… . There are no
// cookies: another site can't abuse them, and a browser can't send them to other ports of the machine. The page works
// without scripts.
//
// The last arrivals are in the ArrivalBuffer. The owner of the counters writes it, and everybody may read it. All else
// comes from the Source.
package web
