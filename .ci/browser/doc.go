// Package browser looks at all pages that the project makes, the mails included, in a
// real browser. It is a module of its own, so that users download none of it.
//
//	cd .ci/browser && go test -v ./... -pictures /tmp/pictures
//
// It needs Chromium or Chrome in PATH; Debian's package is chromium.
package browser
