// Package browser holds the tests of the live page that need a browser, Debian's Chromium, or a daemon at work.
// testdata/axe-core is Deque's axe-core 4.14.1 (MPL-2.0), as npm has it.
package browser
