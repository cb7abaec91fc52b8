// Package window counts arrivals in sliding windows of log time and says who goes over a limit.
//
// # Counting
//
// Each Rule counts one Key, of the arrivals in its Scope: one at the second t is in the count for t <= now <
// t+Window, to the second for every window. A count above the limit opens an Alert; a limit of 20 is crossed by the
// 21st message. The alert ends when the count has been at or under the limit for one whole window, at exactly that
// second of log time however long after it the next line comes; only then can the same value open the same rule
// again. What arrives at that second finds the alert ended.
//
// The limit is that of an Exception for as long as one applies to the value. When it ends, an alert that is open goes
// on by the limit that then applies, and a value that is over it without an alert opens one with its next arrival.
//
// # Distinct values
//
// The measures from Hosts on count how many distinct values of something else, here called inner values, the arrivals
// of a value have. One is inside the window while its latest arrival is. Up to 1024 the count is exact, mostly up to
// 2000.
//
// Beyond, it is an estimate. The inner values are divided into classes by how many zero bits the first 8 bytes of
// their SHA-256 end in: half of them are in the first class, a quarter in the second, and so on. Of each class at
// most 1024 are held, those that arrived last. A class of which the window has more is taken to be as large as all
// above it together, as it is on average, and 1025 at least. The standard deviation of the count is 3 % at most.
//
// So a count is a function of the inner values inside its window alone, whatever was before and whatever other
// windows hold: it is exact again as soon as they are few, and it grows by arrivals only and shrinks by time only.
// Who makes up values by their hashes can mislead an estimate, but doesn't get it below 1025: a limit up to 1024
// holds against anyone.
//
// # Anomalies
//
// The measure Anomalies counts entries of which something is wrong: Exim cut them, they can be read in two ways, they
// may be forged, or they can't be read at all. An Arrival says so by its Nature. Other rules count an Odd or Doubtful
// arrival as any other one, and never see a Stray one, which is an entry and no arrival. Where an entry names several
// logins, the caller counts it once more for each of them, as an Alternate: nobody gets away by naming somebody else.
//
// An Alert says how many of its arrivals may be somebody else's (Suspicious). Ask leaves these out.
//
// A rule that counts Anomalies and has no Scope counts all entries: who can't be read can't be said to count.
//
// # Time
//
// Time is the log's own and is read off its lines; it passes only while lines come. The counters' clock never goes
// back:
//
//  1. A stamp at or after the clock is taken as it is and moves the clock.
//  2. A stamp at most 5 seconds behind it is that of a line which another Exim process wrote late. It is counted
//     at its own second and doesn't move the clock. Every window is longer, so that a late line is always inside it; it
//     takes effect when it is read, not before.
//  3. A stamp further behind means that the machine's clock was set back: it booted without one, the autumn hour
//     repeated itself in a log that names no zones, or files came in a wrong order. From here on stamps are shifted by
//     the difference, so that they go on from the clock, and shifted stamps are treated by these three rules; until one
//     reaches the clock by itself, without the shift, which is then forgotten.
//
// So no arrival is lost or counted twice. What time passes between the last stamp of one regime and the first of the
// next isn't known and is taken for nothing, or, when a shift is forgotten, for at most what really passed: an
// arrival may be held longer by up to the size of the step, once. A step of up to 5 seconds is no step, merely a
// while without time. Stamps that jump forward let go what was counted before, as if the time had passed.
//
// Alerts carry the log's own stamps. The second at which one ended is turned back by the shift that was in force before
// the line which showed it.
//
// # Memory
//
// What is held follows the arrivals inside the longest window of the rules, and in the one before or an hour of it,
// which a Chart shows. For each arrival: some 40 bytes and the text of its values, of which those that are alike are
// mostly held once among some 400 arrivals; 100 to 150 bytes in all are usual. For each key with a rule and each
// value of it: some 32 bytes and its text, 32 for each rule on the key, 24 more where it stays for longer than one
// window, and 40 for each second with an arrival in the longest window of these, so 12 kB at most for five minutes
// and 3.5 MB for a day. For each distinct measure that is counted of it: 36 bytes, 8 for each rule, and 70 for each
// inner value, so 70 kB for a thousand of them and 800 kB for a million; they are let go with an arrival of the value
// after they have left the windows, or with the value. For each value that came to two and has left, 100 bytes and
// its text of up to 256 to know its habits by, for 16,384 of a rule at most. For each open alert: 1000 rows for each
// key at most. A value that falls idle is let go when its last arrival leaves; room for numbers is used again at once
// and given back when nothing is held. A million senders in one window, with four new values each, are 300 MB.
//
// All of it is bounded, whatever the log says. Stats counts what each bound has cost:
//
//   - 1,048,576 values of one key with rules in one scope, of 64 MiB together, with 4,194,304 seconds. For a new one
//     another is dropped, which starts from nothing when it comes again: of the next 64 the one that is furthest from
//     its limit, and of those the one whose last arrival is the oldest. Never is that one which has an open alert or
//     at least half of a limit; so where a limit is 3 or less, none. If there is none to drop, the new one isn't
//     counted; and an arrival of one that is counted already goes with that one's second before, if that is inside
//     all windows, or isn't counted.
//   - 4,194,304 inner values of one key with rules in one scope. For a new one values are dropped as above, until
//     there is room. If there is none to drop, the inner value isn't counted.
//   - 2,097,152 arrivals, of 384 MiB together. Beyond them the oldest arrivals are let go early, down to the newest
//     alone: the values that are counted, which have bounds of their own, are not let go for that. Counts stay exact,
//     and so do an alert's Messages, Recipients and Bytes; what is told of the single arrivals before it opened (Top,
//     Distinct, First, Samples) is of those that were left.
//   - 10,000 open alerts. A value that goes over a limit then opens its alert with the first arrival, while it is
//     over, that finds room.
//   - 1,048,576 rows in the tallies of all open alerts together, of 128 MiB. A value that would need another is one of
//     those that Distinct only knows to be there.
//
// So a bound may make a count too low, never too high, and it does that to values which are far from their limits
// first.
//
// # Restarting
//
// Counters aren't saved; they are read again from the log, beginning two of the longest windows before the moment at
// which they shall be what they were, by the Clock of that time. The open alerts are saved by Save and put back by
// Restore, since the re-read may not have seen how they began.
//
// Everything is a function of the arrivals and the rules: the same give the same alerts, ids and order.
package window
