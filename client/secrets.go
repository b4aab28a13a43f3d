package client

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	redacted   = "REDACTED"
	maxExcerpt = 300 // of a text from outside, in bytes
)

// secrets are what must not get from a server's text into an error: queries of
// URLs, which sign (SAS) or name people, bearer tokens, JSON Web Tokens, and what
// is called a token or a password.
var secrets = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?i)(https?://[^\s"'<>?]*)\?[^\s"'<>]*`), "${1}?" + redacted},
	{regexp.MustCompile(`(?i)\b(bearer|basic)(\s+)[^\s"'<>,;]+`), "${1}${2}" + redacted},
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)*`), redacted},
	{regexp.MustCompile(`(?i)\b(sig|[a-z_]*token|[a-z_]*secret|password|code|code_verifier)(["']?\s*[=:]\s*["']?)[^\s"'&<>,;}]+`), "${1}${2}" + redacted},
	{uploadToken, "${1}" + redacted},
}

var uploadToken = regexp.MustCompile(`(?i)(/uploads/+segments/+)[^/\s?"'<>]+`)

// withoutTokens returns a path that may be written down.
func withoutTokens(path string) string {
	return uploadToken.ReplaceAllString(path, "${1}"+redacted)
}

// hide replaces a secret that is known.
func hide(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, redacted)
}

// clean makes a text from outside harmless for logs and terminals: without
// secrets, on one line, printable, and short.
func clean(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	for _, secret := range secrets {
		text = secret.what.ReplaceAllString(text, secret.with)
	}
	text = strings.Join(strings.Fields(text), " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
	if len(text) <= maxExcerpt {
		return text
	}
	cut := maxExcerpt
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

var (
	unseen = regexp.MustCompile(`(?is)<(script|style|head)\b.*?</(script|style|head)>`)
	title  = regexp.MustCompile(`(?is)<title>(.*?)</title>`)
	tag    = regexp.MustCompile(`(?s)<[^>]*>`)
)

// excerpt returns what a person reads of a body, of an HTML page its title.
func excerpt(data []byte) string {
	text := string(data[:min(len(data), maxErrorBody)])
	if found := title.FindStringSubmatch(text); found != nil {
		text = found[1]
	} else if strings.HasPrefix(strings.TrimSpace(text), "<") {
		text = tag.ReplaceAllString(unseen.ReplaceAllString(text, " "), " ")
	}
	return clean(text)
}
