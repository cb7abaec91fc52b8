package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"exiwatch/internal/testkit"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a machine that does other things may take for anything here.
const patience = 60 * time.Second

// chromium is one browser for all tests, which ends with them.
var chromium struct {
	once sync.Once
	ctx  context.Context
	end  []context.CancelFunc
	err  error
}

func TestMain(m *testing.M) {
	status := m.Run()
	for _, end := range chromium.end {
		end()
	}
	os.Exit(status)
}

func startChromium() {
	path, err := exec.LookPath("chromium")
	if err != nil {
		chromium.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("hide-scrollbars", true))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, endTabs := chromedp.NewContext(allocator)
	chromium.ctx, chromium.end = ctx, []context.CancelFunc{endTabs, end}
	chromium.err = chromedp.Do(ctx)
}

// A tab is a page of the browser, and what it complains of.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// newTab opens a tab, which is closed at the end of the test. A complaint fails the test.
func newTab(t *testing.T, width, height int64) *tab {
	t.Helper()
	chromium.once.Do(startChromium)
	if chromium.err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(chromium.err)
		}
		t.Skip(chromium.err)
	}
	ctx, end := chromedp.NewContext(chromium.ctx)
	ctx, endTime := context.WithTimeout(ctx, 2*testkit.HardEnd)
	tab := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		for _, c := range tab.said() {
			t.Errorf("the browser complains: %s", c)
		}
		endTime()
		end()
	})
	listen := func(event any) {
		switch e := event.(type) {
		case *page.EventJavascriptDialogOpening:
			tab.complain("a dialog: %s", e.Message)
			go chromedp.Do(ctx, command(page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}))
		case *runtime.EventExceptionThrown:
			tab.complain("an exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		case *runtime.EventConsoleAPICalled:
			tab.complain("the console: %s %v", e.Type, e.Args)
		case *log.EventEntryAdded:
			tab.complain("the log: %s %s %s %s", e.Entry.Level, e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}
	const violations = `addEventListener("securitypolicyviolation", (e) => console.error("policy", e.violatedDirective, e.blockedURI))`
	tab.run(command(log.Enable, cdp.Empty{}), command(page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: violations}),
		chromedp.EmulateViewport(width, height))
	if err := chromedp.Listen(ctx, listen); err != nil {
		t.Fatal(err)
	}
	return tab
}

func (tab *tab) complain(format string, args ...any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.complaints = append(tab.complaints, fmt.Sprintf(format, args...))
}

func (tab *tab) said() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	said := tab.complaints
	tab.complaints = nil
	return said
}

// command is an action that has the browser run a command.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func (tab *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	if err := chromedp.Do(tab.ctx, actions...); err != nil {
		tab.t.Fatal(err)
	}
}

// open goes to an address and waits until its script listens.
func (tab *tab) open(url string) {
	tab.t.Helper()
	tab.run(chromedp.Navigate(url))
	tab.until("the page is live", `document.getElementById("pulse").textContent === "Live"`)
}

// eval evaluates an expression into a value.
func eval[T any](tab *tab, expression string) T {
	tab.t.Helper()
	value, err := chromedp.Run(tab.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// do calls a method of the first element that a selector finds. The page finds it itself, in one step: between asking
// the browser for a node and acting on it the page may have been drawn anew.
func (tab *tab) do(method, selector string) {
	tab.t.Helper()
	eval[any](tab, fmt.Sprintf("document.querySelector(%q).%s()", selector, method))
}

// arrives waits until an expression is true of a page that is being loaded. Meanwhile it can't be evaluated, or fails.
func (tab *tab) arrives(what, expression string) {
	tab.t.Helper()
	holds := func(expression string) bool {
		value, err := chromedp.Run(tab.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && value
	}
	testkit.Until(tab.t, what, func() bool { return holds(expression) }, func() any {
		text, err := chromedp.Run(tab.ctx, chromedp.Evaluate[string]("document.body?.innerText ?? ''"))
		return fmt.Sprint(text, err)
	})
}

// until waits until an expression is true.
func (tab *tab) until(what, expression string) {
	tab.t.Helper()
	testkit.Until(tab.t, what, func() bool { return eval[bool](tab, expression) },
		func() any { return eval[string](tab, "document.body?.innerText ?? ''") })
}
