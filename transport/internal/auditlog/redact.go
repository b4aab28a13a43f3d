package auditlog

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Redacted replaces whatever may be a secret.
const Redacted = "REDACTED"

const (
	maxURL  = 1024 // bytes of a URL: longer than any of the API without the values of its query
	maxText = 256  // bytes of other text: enough for an e-mail address, 254 at most
)

// Clean makes text from outside harmless in logs and mails. It keeps at most 256 bytes,
// and replaces what is not printable: control characters, line breaks, characters that
// reverse the writing direction, and what is not UTF-8.
func Clean(s string) string {
	if len(s) > maxText {
		cut := maxText
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut]
	}
	return printable(s)
}

func printable(s string) string {
	if strings.IndexFunc(s, isNotASCII) < 0 {
		return s // as nearly all are
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}

func isNotASCII(r rune) bool { return r < ' ' || r > '~' }

// SafeURL returns a URL without secrets: without user and password, without the values of
// its query (searches name people, SAS signatures open files), and without the token in
// the path of an upload.
func SafeURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	var b strings.Builder
	if u.Scheme != "" {
		b.WriteString(u.Scheme + "://")
	}
	if u.User != nil {
		b.WriteString(Redacted + "@")
	}
	b.WriteString(u.Host)
	if u.Opaque != "" {
		b.WriteString(Redacted) // its parts are unknown
	} else {
		b.WriteString(safePath(u.EscapedPath()))
	}
	if u.RawQuery != "" {
		b.WriteString("?" + safeQuery(u.RawQuery))
	}
	s := b.String()
	if len(s) > maxURL {
		s = s[:maxURL] + "..."
	}
	return s
}

// uploadToken is the token in the path of an upload: of its segments, or where its outcome is
// polled for. That path is the server's; no other part of it is longer than "segments".
var uploadToken = regexp.MustCompile(`(?i)(/+uploads/+segments/+)[^/]+|(/+uploads/+)[^/]{9,}`)

func safePath(path string) string {
	if len(path) < len("/uploads/segments/") {
		return path
	}
	return uploadToken.ReplaceAllString(path, "${1}${2}"+Redacted)
}

// safeQuery keeps the names of the parameters and hides their values. A part without a
// value may be anything and is hidden as a whole.
func safeQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		if name, _, ok := strings.Cut(part, "="); ok {
			parts[i] = name + "=" + Redacted
		} else if part != "" {
			parts[i] = Redacted
		}
	}
	return strings.Join(parts, "&")
}
