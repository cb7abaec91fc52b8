package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"exiwatch/internal/testkit"
)

func TestURLs(t *testing.T) {
	for _, test := range []struct {
		urls []string
		want string // where and user
	}{
		{[]string{"redis://redis.lab.test"}, "redis://redis.lab.test:6379"},
		{[]string{"redis://127.0.0.1:7000/3"}, "redis://127.0.0.1:7000/3"},
		{[]string{"redis://[::1]"}, "redis://[::1]:6379"},
		{[]string{"redis://[::1]:7000"}, "redis://[::1]:7000"},
		{[]string{"rediss://mx%40lab@redis.lab.test:6380"}, "rediss://redis.lab.test:6380 mx@lab"},
		{[]string{"redis://a", "redis://b:7000", "redis://c"}, "redis://a:6379,b:7000,c:6379"},
		{[]string{"redis+sentinel://s1,s2:7000/lab"}, "redis+sentinel://s1:26379,s2:7000/lab"},
		{[]string{"rediss+sentinel://mx@[::1]:1,s2/the%20lab"}, "rediss+sentinel://[::1]:1,s2:26379/the lab mx"},
	} {
		a, err := parseURLs(test.urls)
		if got := strings.TrimSpace(a.where() + " " + a.user); err != nil || got != test.want {
			t.Errorf("%q is %q, %v; want %q", test.urls, got, err, test.want)
		}
	}
}

// TestWrongOptions: each error says what is wrong, and none has the password, however wrong the URL is.
func TestWrongOptions(t *testing.T) {
	empty, no := testkit.Write(t, "empty", "\n"), filepath.Join(t.TempDir(), "none")
	password, large := testkit.Write(t, "password", "s3cret\n"), testkit.Write(t, "large", strings.Repeat("x", maxFile+1))
	for _, test := range []struct {
		o    Options
		want string
	}{
		{Options{}, "no URL"},
		{Options{URLs: []string{"127.0.0.1:6379"}}, "want redis://"},
		{Options{URLs: []string{"http://a"}}, "unknown scheme"},
		{Options{URLs: []string{"redis://"}}, `"" is no HOST:PORT`},
		{Options{URLs: []string{"redis://a:0"}}, `"a:0" is no HOST:PORT`},
		{Options{URLs: []string{"redis://a:b"}}, `"a:b" is no HOST:PORT`},
		{Options{URLs: []string{"redis://a:1:2"}}, "is no HOST:PORT"},
		{Options{URLs: []string{"redis://a,b"}}, "nodes of a cluster have one each"},
		{Options{URLs: []string{"redis://a/x"}}, `unexpected "/x"`},
		{Options{URLs: []string{"redis://a/-1"}}, `unexpected "/-1"`},
		{Options{URLs: []string{"redis://a?db=1"}}, "no ?"},
		{Options{URLs: []string{"redis+sentinel://a"}}, "name of the master"},
		{Options{URLs: []string{"redis+sentinel://a/m", "redis+sentinel://b/m"}}, "in one URL"},
		{Options{URLs: []string{"redis://a/1", "redis://b/1"}}, "no database but 0"},
		{Options{URLs: []string{"redis://a", "rediss://b"}}, "same scheme"},
		{Options{URLs: []string{"redis://mx:s3cret@a"}}, "must not have a password"},
		{Options{URLs: []string{"redis://:s3cret@a"}}, "must not have a password"},
		{Options{URLs: []string{"redis://mx:s3cr@s3cret@a"}}, "must not have a password"},
		{Options{URLs: []string{"redis://mx:s3cret/a#b@a"}}, "must not have a password"},
		{Options{URLs: []string{"redis:mx:s3cret@a"}}, "want redis://"},
		{Options{URLs: []string{"http://mx:s3cret@a"}}, "unknown scheme"},
		{Options{URLs: []string{"redis://%zz@a"}}, "encoded"},
		{Options{URLs: []string{"redis://mx@a"}}, "needs a password_file"},
		{Options{URLs: []string{"redis://mx@a"}, PasswordFile: no}, "no such file"},
		{Options{URLs: []string{"redis://mx@a"}, PasswordFile: empty}, "is empty"},
		{Options{URLs: []string{"redis://mx@a"}, PasswordFile: large}, "more than"},
		{Options{URLs: []string{"redis://mx@a"}, PasswordFile: password, CA: password}, "needs a URL with TLS"},
		{Options{URLs: []string{"rediss://a"}, CA: no}, "no such file"},
		{Options{URLs: []string{"rediss://a"}, CA: password}, "none in PEM"},
		{Options{URLs: []string{"redis://a"}, Name: "a/b"}, "no name of a fleet"},
		{Options{URLs: []string{"redis://a"}, Name: "a}"}, "no name of a fleet"},
	} {
		if test.o.Name == "" {
			test.o.Name = "lab"
		}
		c, err := Open(test.o)
		if err == nil {
			must(t, c.Close())
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cr") {
			t.Errorf("%+v: %v, want %q", test.o, err, test.want)
		}
	}
	if err := CheckURLs([]string{"redis://a:b"}); err == nil {
		t.Error("CheckURLs finds nothing")
	}
	must(t, os.Chmod(password, 0o600))
	for _, o := range []Options{{URLs: []string{"redis://mx@a"}, PasswordFile: password}, {URLs: []string{"rediss://a"}}} {
		o.Name = "lab"
		c, err := Open(o)
		must(t, err)
		must(t, c.Close())
	}
}
