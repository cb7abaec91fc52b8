// Package window counts arrivals in sliding windows of log time and says who goes over a limit.
//
// # Counting
//
// Each Rule counts one Key: an arrival at the second t is in the count for t <= now < t+Window, to the second for every
// window. A count above the limit opens an Alert; a limit of 20 is crossed by the 21st message. The alert ends when the
// count has been at or under the limit for one whole window, at exactly that second of log time however long after
// it the next line comes; only then can the same value open the same rule again. What arrives at that second finds the
// alert ended.
//
// # Time
//
// Time is the log's own and is read off its lines; it passes only while lines come. The counters' clock never goes back:
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
// So no arrival is lost or counted twice. What time passes between the last stamp of one regime and the first of
// the next isn't known and is taken for nothing, or, when a shift is forgotten, for at most what really passed: an arrival
// may be held longer by up to the size of the step, once. A step of up to 5 seconds is no step, merely a while without time.
// Stamps that jump forward let go what was counted before, as if the time had passed.
//
// Alerts carry the log's own stamps. The second at which one ended is turned back by the shift that was in force before
// the line which showed it.
//
// # Memory
//
// What is held follows the arrivals inside the longest window of the rules. For each arrival: 96 bytes, and its
// values, each distinct one once. For each key with a rule and each value of it: 20 bytes, 24 for each rule on
// the key, and 40 for each second with an arrival in the longest window of these, so 12 kB at most for five minutes and
// 3.5 MB for a day. For each open alert: 1000 rows for each key at most. A value that falls idle is let go when
// its last arrival leaves; room for numbers is used again at once and given back when nothing is held.
//
// Everything is a function of the arrivals and the rules: the same give the same alerts, ids and order.
package window
