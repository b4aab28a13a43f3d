package notify

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aprimo-go/aprimo/transport"
)

// maxText is how many characters are kept of a user name, a URL or an operation.
const maxText = 96

// clean makes text from outside safe for a mail, a header and a terminal. Characters that
// are not printable, such as line breaks, control characters, and those that are invisible
// or change the direction of writing, become escape sequences; invalid UTF-8 becomes
// U+FFFD; of a text longer than limit characters the beginning remains, and an ellipsis. It
// reads no more of a long text than it keeps, and does not change clean text.
func clean(s string, limit int) string {
	if len(s) <= limit && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		return s // the usual case
	}
	var b strings.Builder
	n, cut := 0, -1 // characters written; length of b that leaves room for the ellipsis
	for _, r := range s {
		piece := printable(r)
		w := utf8.RuneCountInString(piece)
		if cut < 0 && n+w > limit-1 {
			cut = b.Len()
		}
		if n+w > limit {
			return b.String()[:cut] + "…"
		}
		b.WriteString(piece)
		n += w
	}
	return b.String()
}

// printable returns r, or its escape sequence.
func printable(r rune) string {
	switch {
	case unicode.IsPrint(r):
		return string(r)
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// operation returns the operation of a request.
func operation(method, rawURL string) string {
	return clean(transport.Operation(method, rawURL), maxText)
}

// request returns what mails show of a sample: method and path, without host and query.
func request(e transport.Event) string {
	path := e.URL
	if u, err := url.Parse(e.URL); err == nil {
		path = u.EscapedPath()
	}
	return clean(e.Method+" "+path, 72)
}

// tenantOf returns the tenant of a URL: the first label of an Aprimo host, else the whole
// host.
func tenantOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	host := u.Hostname()
	if name, ok := strings.CutSuffix(strings.ToLower(host), ".aprimo.com"); ok {
		host, _, _ = strings.Cut(name, ".")
	}
	return clean(host, maxText)
}
