package client

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aprimo-go/aprimo/transport"
)

const (
	redacted   = "REDACTED"
	maxExcerpt = 300 // bytes of a text from outside
)

// secrets match what must not get from a foreign text into an error: queries of URLs, which
// contain signatures (SAS) or personal data, bearer tokens, JSON Web Tokens, and values in
// the syntax of a form or of JSON that are named token, password or the like. Of prose, only
// what looks like a secret is matched: "error code: 1015" has none. Secrets that are known are
// hidden by their value.
var secrets = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?i)(https?://[^\s"'<>?]*)\?[^\s"'<>]*`), "${1}?" + redacted},
	{regexp.MustCompile(`(?i)\b(bearer|basic)(\s+)[^\s"'<>,;]+`), "${1}${2}" + redacted},
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)*`), redacted},
	{regexp.MustCompile(`(?i)\b(sig|[a-z_]*token|[a-z_]*secret|password|code|code_verifier)(=["']?|["']\s*:\s*["'])[^\s"'&<>,;}]+`), "${1}${2}" + redacted},
	{regexp.MustCompile(`(?i)\b([a-z]+_(?:token|secret|verifier)|password)(\s*:\s*)([^\s"'<>,;]*[0-9][^\s"'<>,;]*|[^\s"'<>,;]{16,})`), "${1}${2}" + redacted},
	{uploadToken, "${1}${2}" + redacted},
}

// uploadToken is the token in the path of an upload's segments, or where its outcome is polled for:
// there no other part is longer than "segments".
var uploadToken = regexp.MustCompile(`(?i)(/uploads/+segments/+)[^/\s?"'<>]+|(/uploads/+)[^/\s?"'<>]{9,}`)

// withoutTokens returns a path that is safe to log.
func withoutTokens(path string) string {
	return uploadToken.ReplaceAllString(path, "${1}${2}"+redacted)
}

// minSecret is the number of bytes below which a secret is none, and hiding it would only
// garble the text.
const minSecret = 4

// hide replaces a known secret, also as a form, a page or JSON repeats it.
func hide(text, secret string) string {
	if len(secret) < minSecret {
		return text
	}
	inJSON, _ := json.Marshal(secret) // of a string it cannot fail
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), strings.Trim(string(inJSON), `"`)} {
		text = strings.ReplaceAll(text, form, redacted)
	}
	return text
}

// hideQuery replaces the values of a URL's query, in whatever form a text repeats it.
func hideQuery(text string, u *url.URL) string {
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		_, value, named := strings.Cut(part, "=")
		if !named {
			value = part
		}
		decoded, _ := url.QueryUnescape(value)
		text = hide(hide(text, value), decoded)
	}
	return text
}

// clean makes a text from outside safe for logs and terminals: no secrets, one line,
// printable characters, limited length. A text is cleaned once, where it comes in; the
// texts of this package are never cleaned.
func clean(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	for _, secret := range secrets {
		text = secret.what.ReplaceAllString(text, secret.with)
	}
	text = oneLine(transport.Redact(text))
	if len(text) <= maxExcerpt {
		return text
	}
	cut := maxExcerpt
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

// oneLine replaces what does not print: control characters, and those that change the
// direction of a text.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, strings.Join(strings.Fields(text), " "))
}

// printable returns an error whose text is one printable line, although it contains the path
// of a file.
func printable(err error) error { return withText(err, oneLine(err.Error())) }

// withText returns an error with another text.
func withText(err error, text string) error {
	if text == err.Error() {
		return err
	}
	return textError{err, text}
}

type textError struct {
	error
	text string
}

func (e textError) Error() string { return e.text }
func (e textError) Unwrap() error { return e.error }

var (
	unseen = regexp.MustCompile(`(?is)<(script|style|head)\b.*?</(script|style|head)>`)
	title  = regexp.MustCompile(`(?is)<title>(.*?)</title>`)
	tag    = regexp.MustCompile(`(?s)<[^>]*>`)
)

// readable returns the text of a body; for an HTML page, its title. It is not clean, but for what
// the names of elements say.
func readable(data []byte) string {
	text := string(data[:min(len(data), maxErrorBody)])
	if found := title.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	if strings.HasPrefix(strings.TrimSpace(text), "<") {
		text = transport.Redact(unseen.ReplaceAllString(text, " ")) // while the elements have their names
		return tag.ReplaceAllString(text, " ")
	}
	return text
}
