// Package window counts mail arrivals in sliding windows and raises an alert the moment a sender, host, login or
// subject goes over a limit. Its memory stays within fixed bounds even in a flood of forged senders, and the same log
// always gives the same alerts. It reads no files, starts no goroutines and never asks for the time of day: its clock
// is the log's.
//
// Parse some rules with ParseRule, make Counters of them with New, then call Advance for every line of the log and
// Count for every arrival. Both return alerts: Count those that opened or grew, Advance those that ended.
//
// # Terms
//
//   - An Arrival is one message reception. It has a value for each Key: its sender, its host and so on.
//   - A Rule limits what one value of a Key may have within a window: messages, recipients, bytes, anomalies, or
//     distinct values of something else, such as hosts. This is the rule's Measure.
//   - A scope is which arrivals a rule counts. Rules name it by a text; the caller says which arrivals are outside.
//   - An Exception is a higher limit for some values.
//   - An Alert is open from the arrival that crosses the limit until the value has been quiet for one window.
//
// # Counting
//
// An arrival at the second t counts for t <= now < t+window. A count above the limit opens an Alert: a limit of 20 is
// crossed by the 21st message. The alert ends when the count has been at or under the limit for one whole window. It
// ends at exactly that second of log time, however much later the next line comes, and before an arrival of that same
// second counts. Only then can the same value open the same rule again.
//
// While an Exception applies to a value, its limit replaces the rule's. When the exception ends, an open alert goes on
// under the limit that then applies. A value that is over that limit without an alert opens one with its next arrival.
//
// # Distinct values
//
// The measures Hosts, Networks, Senders, Subjects and Addresses count how many distinct values a value's arrivals have.
// A distinct value is inside the window while its latest arrival is. The count is exact up to 1024, and mostly up to
// 2000.
//
// Beyond that it is an estimate with a standard deviation of at most 3 %. Distinct values are divided into levels by
// the zero bits at the end of the first 8 bytes of their SHA-256: half of them are in the first level, a quarter in
// the second, and so on. Each level holds at most 1024, those that arrived last. If the window has more of a level,
// that level counts as many as all higher levels together, which is its size on average, and at least 1025.
//
// So a count depends only on the distinct values inside its window, not on the past or on other windows. It is exact
// again as soon as they are few. It grows only by arrivals and shrinks only by time. Somebody who chooses values by
// their hashes can mislead an estimate, but can't get it below 1025: a limit up to 1024 holds against anyone.
//
// # Anomalies
//
// The measure Anomalies counts entries that have something wrong: Exim cut them, they can be read in two ways, they may
// be forged, or they can't be read at all. The Nature of an Arrival says so. Other rules count an Odd or a Doubtful
// arrival like any other. They never count a Stray one, which is an entry but no arrival. If an entry names several
// logins, it counts again for each of them, as an Alternate, so that nobody escapes by naming somebody else.
//
// Suspicious is how many arrivals of an Alert may be somebody else's. CountAt leaves these out.
//
// A rule that counts Anomalies and has no scope counts all entries: an entry that can't be read is in no scope.
//
// # Time
//
// Time comes from the stamps of the lines and passes only while lines come. The clock of the Counters never goes back:
//
//  1. A stamp at or after the clock moves the clock.
//  2. A stamp at most 5 seconds behind is that of a line which another Exim process wrote late. It counts at its own
//     second and doesn't move the clock. Every window is longer than 5 seconds, so a late line is always inside it.
//  3. A stamp further behind means that the machine's clock was set back: it booted without a clock, the log names no
//     zones and the autumn hour repeats, or files came in the wrong order. From then on the difference is added to
//     all stamps, so that they go on from the clock, and these three rules apply to the sums. When a stamp reaches
//     the clock without the difference, the difference is dropped.
//
// So no arrival is lost or counted twice. The time between the last stamp before a step and the first one after it is
// unknown. It counts as none or, when the difference is dropped, as at most what really passed. An arrival may stay
// longer by up to the size of the step, once. A step of up to 5 seconds only stops time for a while. Stamps that jump
// forward remove what was counted before, as if the time had passed.
//
// Alerts have the log's own stamps. The second at which an alert ended is shifted back by the difference that applied
// before the line which showed the end.
//
// # Memory
//
// Memory depends on the arrivals inside the longest window, and on those of the window before or the hour before, which
// a Chart shows. These are usual sizes:
//
//   - An arrival takes 100 to 150 bytes: some 40, and the text of its values. A text that repeats among some 400
//     arrivals is mostly held once.
//   - A value of a key with rules takes some 32 bytes and its text, and 32 for each rule on the key, or 48 if it stays
//     for longer than one window. Each second with an arrival takes 40: at most 12 kB for a window of five minutes,
//     3.5 MB for a day.
//   - A distinct measure of a value takes 36 bytes, 8 for each rule, and 70 for each distinct value: 70 kB for a
//     thousand, 800 kB for a million. They go with an arrival of the value after they have left the windows, or with
//     the value.
//   - A value that has left, and had come to two, takes 100 bytes and its text of up to 256 for its baseline: at most
//     16,384 values for each rule.
//   - An open alert has at most 1000 rows for each key.
//
// A value goes when its last arrival leaves. Its memory is used again at once, and given back when nothing is held. A
// million senders in one window, with four new values each, take 300 MB.
//
// All of this has bounds, whatever the log says. Stats counts what each has cost:
//
//   - 1,048,576 values of one key with rules in one scope, with 64 MiB of text and 4,194,304 seconds. A new value
//     replaces another, which starts from nothing when it comes again. Of the next 64 values that is the one furthest
//     from its limit; of equal ones, the one whose last arrival is the oldest. A value with an open alert or with half
//     of a limit is never replaced; so where a limit is 3 or less, none is. If there is none to replace, the new value
//     doesn't count. An arrival of a value that is held then counts at the second of the value's arrival before,
//     if that is inside all windows, and otherwise doesn't count.
//   - 4,194,304 distinct values of one key with rules in one scope. For a new one, values are dropped as above until
//     there is room. If there are none to drop, the distinct value doesn't count.
//   - 2,097,152 arrivals, of 384 MiB together. Beyond that the oldest arrivals go early. Counts stay exact, as they
//     have bounds of their own, and so do an alert's Messages, Recipients and Bytes. But what an alert shows of single
//     arrivals before it opened (Top, Distinct, First, Samples) misses those that went.
//   - 10,000 open alerts. Beyond that a value over its limit opens its alert with the first arrival that finds room.
//   - 30,000 incidents that are over and may go on. Beyond that the oldest is forgotten: an alert that follows begins
//     another.
//   - 1,048,576 rows in all open alerts, with 128 MiB of text. A value that would need another row counts among those
//     that Distinct only knows to exist.
//
// So a bound can make a count too low but never too high, and it affects values far from their limits first.
//
// # Incidents
//
// An attacker who crosses several limits opens several alerts. Those of one Identity are one Incident while they
// overlap, or follow within the longest of their windows.
//
// # Restarting
//
// Counters are not saved. Read the log again, beginning two of the longest windows before the moment to restore, by the
// Clock of that time. Open alerts and incidents are saved by Save and put back by Restore, because the second reading
// may not see how they began.
//
// The arrivals and the rules determine everything: the same ones give the same alerts with the same ids in the same
// order.
package window
