package testkit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// BusyLog is a log of so many lines, a quarter of them arrivals of some thousands of accounts.
func BusyLog(lines int) []byte {
	var log bytes.Buffer
	rnd := rand.New(rand.NewPCG(1, 2))
	account, subject := rand.NewZipf(rnd, 1.15, 8, 5000), rand.NewZipf(rnd, 1.1, 6, 3000)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		if i%12 == 0 {
			at = at.Add(time.Second)
		}
		stamp, id := at.Format(time.DateTime), fmt.Sprintf("1xV%03d-%06d-%02d", i%1000, i/1000, i%100)
		if i%4 > 0 {
			fmt.Fprintf(&log,
				"%s %s => someone%d@example.com R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.1] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes C=\"250 OK\"\n", stamp, id, i%99)
			continue
		}
		n := account.Uint64()
		fmt.Fprintf(&log,
			"%s %s <= user%d@site%d.example H=(pc) [198.51.%d.%d] P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=dovecot_plain:user%[3]d@site%[4]d.example S=%d id=%x@site.example T=\"Offer %d for you\" for x%[3]d@example.com\n",
			stamp, id, n, n%400, n/250, n%250, 400+i%9000, i, subject.Uint64())
	}
	return log.Bytes()
}

// OddLog has 4000 arrivals, of a second each, among calls in two lines and lines that aren't understood.
func OddLog(at time.Time) string {
	var b strings.Builder
	for i := range 4000 {
		stamp := at.Add(time.Duration(i) * time.Second).Format(time.DateTime)
		fmt.Fprintf(&b, "%s 1xV%03d-%06d-01 <= u%d@lab.test H=(pc) [192.0.2.7] P=esmtpa A=plain:alice S=900\n", stamp,
			i%1000, i, i%2)
		switch i % 500 {
		case 0:
			fmt.Fprintf(&b, "%s cwd=/home/a\nb 3 args: /usr/sbin/exim -t -i\n", stamp)
		case 250: // out of the reach of the call
			fmt.Fprintf(&b, "%s mx1 1xV%03d-%06d-01 <= u@lab.test\nfoo\n\n", stamp, i%1000, i)
		}
	}
	return b.String()
}

// CallsLog is a log with +arguments: a cwd= line before each arrival, so that a reader holds lines nearly everywhere.
// Here and there somebody forges lines. Stamps pass so many seconds from call to call.
func CallsLog(size int, pause time.Duration) []byte {
	var log bytes.Buffer
	at := time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)
	for i := 0; log.Len() < size; i++ {
		at = at.Add(pause)
		stamp := at.Format(time.DateTime)
		fmt.Fprintf(&log, "%s cwd=/home/u%d 3 args: /usr/sbin/sendmail -t -i\n", stamp, i%7)
		fmt.Fprintf(&log, "%s 1xV%03d-%06d-01 <= u%d@lab.test U=u%d P=local S=300 T=\"x %d\" for a@b.test\n", stamp,
			i%1000, i, i%7, i%7, i)
		fmt.Fprintf(&log, "%s 1xV%03d-%06d-01 => a@b.test R=r T=t\n", stamp, i%1000, i)
		ahead := at.Add(10 * time.Minute).Format(time.DateTime)
		switch i % 31 {
		case 3:
			fmt.Fprintf(&log,
				"%s cwd=/srv/k 1 args: x\n%s 1xVFFF-000000-01 <= v@lab.test U=v P=local S=1\nz 2 args: sendmail -bp\n", stamp, stamp)
		case 11:
			fmt.Fprintf(&log, "%s cwd=/srv/k\n%s x\n", stamp, stamp)
		case 23:
			fmt.Fprintf(&log,
				"%s cwd=/srv/k 1 args: x\n%s 1xVFFF-000000-02 <= w@lab.test U=w P=local S=1\n%s cwd=/ 1 args: x\nz 2 args: sendmail -bp\n", stamp, ahead, ahead)
		}
	}
	return log.Bytes()
}

// Sentinel is the end of a log: it opens an alert of an account of its own, behind everything before.
func Sentinel(name string, at time.Time, limit int) string {
	var b strings.Builder
	for i := range limit + 1 {
		fmt.Fprintf(&b, "%s 1xVzzz-%06d-%02d <= %s@lab.test U=%s P=local S=5\n", at.Format(time.DateTime),
			len(name)*1000+i, i, name, name)
	}
	return b.String()
}
