// Package browser tests all pages of the project, including the mails, in a real browser.
// It is a module of its own, so that users of the SDK download none of it.
//
//	cd .ci/browser && go test -v ./... -pictures /tmp/pictures
//
// It needs Chromium or Chrome in PATH; Debian's package is chromium.
package browser
