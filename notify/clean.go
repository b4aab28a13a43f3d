package notify

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is how many characters of a user's name, a URL or an operation are
// kept.
const maxText = 96

// clean makes text from outside fit for a mail, a header and a terminal: what
// is not printable, such as line breaks, control characters, invisible ones and
// those that turn the direction of writing, becomes an escape sequence, invalid
// UTF-8 becomes U+FFFD, and at most limit characters remain, the last being an
// ellipsis if some are missing. It reads no more of a long text than it keeps,
// and changes nothing that is clean already.
func clean(s string, limit int) string {
	if isClean(s, limit) {
		return s
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

// isClean reports whether clean has nothing to do, for the usual case.
func isClean(s string, limit int) bool {
	if len(s) > limit {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// printable returns r as it may be shown.
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
