package packaging

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

// hostPatience is how long a script may take in a host.
const hostPatience = testkit.HardEnd

// inHost runs a script in a copy of this machine that is thrown away (testdata/host), with the packages at /deb, /apk
// and /arch.
func inHost(t *testing.T, script string) {
	t.Helper()
	t.Parallel()
	need(t, "unshare", "pivot_root", "ip", "dpkg", "start-stop-daemon", "exim4", "monit")
	dir := t.TempDir()
	for name, kind := range map[string]string{"deb": "deb", "apk": "apk", "arch": "pkg.tar.zst"} {
		testkit.Must(t, copyFile(filepath.Join(dir, "packages", name), one(t, packages(t), kind)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), hostPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child", "sh",
		"testdata/host", dir)
	cmd.Stdin = strings.NewReader("set -eu\n" + script + "\necho all of it\n")
	out := filepath.Join(dir, "out") // a file: daemons that stay would hold a pipe open
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	err = cmd.Run()
	said, _ := os.ReadFile(out)
	if err != nil || !bytes.HasSuffix(said, []byte("\nall of it\n")) {
		t.Errorf("%v\n%s", err, said)
	}
	if testing.Verbose() {
		t.Logf("%s", said)
	}
}

// TestInstalledOnDebian: with Debian's Exim as it is, and no editing, the service runs after dpkg -i as its own user
// and mails an alert. An upgrade restarts it, remove ends it, purge leaves nothing.
func TestInstalledOnDebian(t *testing.T) {
	inHost(t, `
install -o Debian-exim -g adm -m 640 /dev/null /var/log/exim4/mainlog # which Exim has not made before its first message
/etc/init.d/exim4 start
snapshot() { find /etc /lib /run /srv /usr /var \( -path /run/exim4 -o -path /run/adduser -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/spool/exim4 -o -path /var/mail -o -path /var/log \) -prune -o -print | sort; getent passwd; getent group; }
snapshot >/root/before

dpkg -i /deb
/etc/init.d/exiwatch status
pid=$(cat /run/exiwatch/exiwatch.pid)
echo files:
ls -ld /etc/exiwatch /etc/exiwatch/exiwatch.toml /run/exiwatch /run/exiwatch/* /var/lib/exiwatch /var/lib/exiwatch/*
id exiwatch
[ "$(stat -c %U /proc/$pid)" = exiwatch ]
[ "$(id -nG exiwatch)" = "exiwatch adm$(getent group systemd-journal >/dev/null && echo ' systemd-journal')" ]
[ "$(stat -c '%a %U %G' /var/lib/exiwatch)" = "700 exiwatch exiwatch" ]
mode() { stat -c '%a %U %G' /etc/exiwatch/exiwatch.toml; }
[ "$(mode)" = "640 root exiwatch" ]
runuser -u exiwatch -- cat /etc/exiwatch/exiwatch.toml >/dev/null
! runuser -u nobody -- cat /etc/exiwatch/exiwatch.toml
runuser -u nobody -- exiwatch arrivals /dev/null 2>&1 | grep -A1 'permission denied' | grep 'hint: run as root or as a member'
[ "$(stat -c '%a %U %G' /run/exiwatch/sender.sock)" = "660 exiwatch exiwatch" ]
/etc/init.d/exim4 restart
may() { grep -E "^Groups:.*\b$(getent group exiwatch | cut -d: -f3)\b" /proc/$(cat /run/exim4/exim.pid)/status; }
until_ 10 may
runuser -u Debian-exim -- exim4 -be '${readsocket{/run/exiwatch/sender.sock}{count account=$sender_address\n}{5s}{}{no}}' </dev/null | grep -x 0
! runuser -u nobody -- exiwatch query count account=x
[ -L /etc/systemd/system/multi-user.target.wants/exiwatch.service ]

for i in $(seq 21); do printf 'Subject: parcel %s\n\nx\n' $i | /usr/sbin/sendmail -odq nobody@lab.test; done
mailed() { grep '<= .* id=exiwatch\.' /var/log/exim4/mainlog; }
until_ 30 mailed

chmod 600 /etc/exiwatch/exiwatch.toml # which an upgrade keeps
chown exiwatch:root /etc/exiwatch/exiwatch.toml
dpkg -i /deb
/etc/init.d/exiwatch status
[ "$(cat /run/exiwatch/exiwatch.pid)" != "$pid" ]
[ "$(mode)" = "600 exiwatch root" ]
chmod 644 /etc/exiwatch/exiwatch.toml
dpkg -i /deb
[ "$(mode)" = "644 exiwatch root" ]

echo '# the administrator was here' >>/etc/exiwatch/exiwatch.toml
dpkg -r exiwatch
! pgrep -u exiwatch
[ -f /etc/exiwatch/exiwatch.toml ]
[ -f /var/lib/exiwatch/checkpoint.json ]
dpkg -i /deb
/etc/init.d/exiwatch status
tail -1 /etc/exiwatch/exiwatch.toml | grep 'was here'

dpkg -P exiwatch
! pgrep -x exiwatch
snapshot >/root/after
diff /root/before /root/after
`)
}

// TestScriptsOfAlpineAndArch: they make the user, who may read the log and the configuration, and whom Exim may ask;
// to run them again, as at an upgrade, changes nothing.
func TestScriptsOfAlpineAndArch(t *testing.T) {
	need(t, "bash", "tar", "zstd")
	inHost(t, `
groupadd maillog
useradd exim
mkdir /var/log/exim
install -g maillog -m 640 /dev/null /var/log/exim/mainlog
is_set_up() {
	id exiwatch
	id -nG exiwatch | grep -w maillog | grep -w adm
	id -nG exim | grep -w exiwatch
	[ "$(stat -c '%a %U %G' /etc/exiwatch/exiwatch.toml)" = "640 root exiwatch" ]
	getent passwd exiwatch | grep ':/var/lib/exiwatch:/sbin/nologin$'
}
afresh() {
	userdel exiwatch
	groupdel exiwatch
	rm -r /etc/exiwatch
}

tar --warning=no-unknown-keyword -xzf /apk -C /
/.post-install
is_set_up
/.post-upgrade # without OpenRC there is no service to restart
is_set_up
/.pre-deinstall
is_set_up
afresh

tar --zstd -xf /arch -C /
bash -ec '. /.INSTALL; post_install'
is_set_up
bash -ec '. /.INSTALL; post_upgrade'
is_set_up
bash -ec '. /.INSTALL; pre_remove'
is_set_up
`)
}

// TestPolicyAgainstServices: where policy-rc.d says no, nothing is started.
func TestPolicyAgainstServices(t *testing.T) {
	inHost(t, `
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
dpkg -i /deb
! pgrep -x exiwatch
`)
}

// TestInitScript: each of start, stop, restart and status twice, with the statuses that LSB wants; reload; and a
// daemon that hangs is stopped.
func TestInitScript(t *testing.T) {
	inHost(t, `
dpkg -i /deb
/etc/init.d/exiwatch stop
wants() {
	want=$1
	shift
	got=0
	/etc/init.d/exiwatch "$@" || got=$?
	echo "$* = $got"
	[ $got = $want ]
}
wants 3 status
wants 3 status
wants 0 start
first=$(cat /run/exiwatch/exiwatch.pid)
wants 0 start
[ "$(cat /run/exiwatch/exiwatch.pid)" = "$first" ]
[ "$(pgrep -x exiwatch)" = "$first" ]
wants 0 status
wants 0 status
wants 0 restart
second=$(cat /run/exiwatch/exiwatch.pid)
[ "$second" != "$first" ]
wants 0 restart
third=$(cat /run/exiwatch/exiwatch.pid)
[ "$third" != "$second" ]
[ "$(pgrep -x exiwatch)" = "$third" ]
wants 0 reload
wants 0 status
[ "$(cat /run/exiwatch/exiwatch.pid)" = "$third" ]
wants 0 stop
wants 0 stop
[ ! -e /run/exiwatch/exiwatch.pid ]
! pgrep -x exiwatch
wants 0 start
kill -KILL $(cat /run/exiwatch/exiwatch.pid)
until_ 10 wants 1 status
wants 0 start
kill -STOP $(cat /run/exiwatch/exiwatch.pid)
wants 0 restart
wants 0 stop
echo 'no such key = 1' >>/etc/exiwatch/exiwatch.toml
wants 1 start
wants 3 status
`)
}

// TestMonitRestarts: monit, with the example as it is, starts a daemon again that was killed, and one that is there
// and doesn't answer. The latter takes monit half a minute, whatever timeout it is given.
func TestMonitRestarts(t *testing.T) {
	inHost(t, `
dpkg -i /deb
{ echo 'set daemon 1'; cat /usr/share/doc/exiwatch/examples/monit; } >/etc/monit/test.rc
chmod 600 /etc/monit/test.rc
monit -t -c /etc/monit/test.rc
monit -c /etc/monit/test.rc -l /var/log/monit.test -p /run/monit.pid -s /run/monit.state
other() { [ -s /run/exiwatch/exiwatch.pid ] && [ "$(cat /run/exiwatch/exiwatch.pid)" != "$1" ] && /etc/init.d/exiwatch status; }

killed=$(cat /run/exiwatch/exiwatch.pid)
kill -KILL $killed
date +%T.%N
until_ 60 other $killed
date +%T.%N

gone() { [ ! -e /proc/$1 ]; }
hung=$(cat /run/exiwatch/exiwatch.pid)
kill -STOP $hung
date +%T.%N
until_ 60 other $hung
date +%T.%N
exiwatch query count account=monit
until_ 5 gone $hung
cat /var/log/monit.test
`)
}
