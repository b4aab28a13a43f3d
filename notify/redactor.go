package notify

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A redactor removes a secret from a server's texts before they get into logs and errors:
// some servers repeat the login. It replaces each word
//   - that contains a piece of the secret, in clear, in base64 or in hex, also if that is
//     escaped;
//   - that contains eight letters and digits or more that do not look like a word: another
//     encoding.
//
// If the words that are left contain a piece together, the secret was broken into lines, and
// nothing of the text is shown. A nil redactor changes nothing.
type redactor struct {
	whole  []string // short forms of the secret
	pieces map[string]bool
}

const (
	pieceLen = 8 // bytes that reveal something of a secret
	maxReply = 4 << 10
	hidden   = "***"
)

var (
	wordOf   = regexp.MustCompile(`\S+`)
	space    = regexp.MustCompile(`\s+`)
	status   = regexp.MustCompile(`(?m)^\s*[245]\.\d{1,3}\.\d{1,3}\s`) // such as 5.7.8: it may begin each line
	longRun  = regexp.MustCompile(`[A-Za-z0-9]{8,}`)
	likeWord = regexp.MustCompile(`^([A-Z]?[a-z]+[0-9]*|[0-9]?[A-Z]+[0-9]*|[0-9]+|([A-Z][a-z]{2,})+)$`)
)

// newRedactor returns the redactor of a secret, nil if that is empty.
func newRedactor(secret string) *redactor {
	if secret == "" {
		return nil
	}
	r := &redactor{pieces: map[string]bool{}}
	plain := fold(secret)
	if plain != "" {
		r.whole = []string{plain}
	}
	forms := []string{plain, hex.EncodeToString([]byte(secret))}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 { // base64 depends on the position modulo 3
			code := e.EncodeToString(append(make([]byte, before), secret...))
			forms = append(forms, strings.ToLower(code[(before*8+5)/6:(before+len(secret))*8/6]))
		}
	}
	for _, f := range forms {
		if len(f) >= 4 && len(f) < pieceLen { // shorter ones occur in every text
			r.whole = append(r.whole, f)
		}
		for i := range max(len(f)-pieceLen+1, 0) {
			r.pieces[f[i:i+pieceLen]] = true
		}
	}
	return r
}

// text returns a server's reply without the secret.
func (r *redactor) text(reply string) string {
	if r == nil {
		return reply
	}
	if len(reply) > maxReply {
		reply = reply[:maxReply] + "…"
	}
	shown := wordOf.ReplaceAllStringFunc(reply, func(word string) string {
		odd := func(run string) bool { return !likeWord.MatchString(run) }
		if slices.ContainsFunc(longRun.FindAllString(word, -1), odd) || r.isIn(word, 2) {
			return hidden
		}
		return word
	})
	joined := strings.ReplaceAll(shown, hidden, "")
	if r.isIn(joined, 2) || r.isIn(status.ReplaceAllString(joined, ""), 2) {
		return hidden
	}
	return shown
}

// isIn reports whether a text contains the secret, as it is or unescaped up to depth times.
func (r *redactor) isIn(text string, depth int) bool {
	folded := fold(text)
	for i := range max(len(folded)-pieceLen+1, 0) {
		if r.pieces[folded[i:i+pieceLen]] {
			return true
		}
	}
	if slices.ContainsFunc(r.whole, func(form string) bool { return strings.Contains(folded, form) }) {
		return true
	}
	text = space.ReplaceAllString(text, "")
	return depth > 0 && slices.ContainsFunc(escapes, func(e escape) bool {
		plain := e.form.ReplaceAllStringFunc(text, e.char)
		return plain != text && r.isIn(plain, depth-1)
	})
}

// fold returns a text without white space, in lower case. It changes ASCII only: a piece may
// begin within a character.
func fold(s string) string {
	b := slices.DeleteFunc([]byte(s), func(c byte) bool { return strings.IndexByte(" \t\r\n\v\f", c) >= 0 })
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// An escape is a form of escape sequence, and its meaning.
type escape struct {
	form *regexp.Regexp
	char func(string) string
}

var escapes = []escape{
	{regexp.MustCompile(`%[0-9A-Fa-f]{2}`), hexChar},
	{regexp.MustCompile(`%[0-9A-Fa-f]{2}|\+`), hexChar}, // in a query
	{regexp.MustCompile(`=[0-9A-Fa-f]{2}`), hexChar},    // quoted-printable
	{regexp.MustCompile(`&#?[0-9A-Za-z]{1,8};`), html.UnescapeString},
	{regexp.MustCompile(`(?s)\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-7]{3}|.)`), func(s string) string {
		if r, multibyte, _, err := strconv.UnquoteChar(s, '"'); err == nil && multibyte {
			return string(r)
		} else if err == nil {
			return string([]byte{byte(r)})
		}
		return s[1:]
	}},
}

func hexChar(s string) string {
	if s == "+" {
		return " "
	}
	n, _ := strconv.ParseUint(s[1:], 16, 8)
	return string([]byte{byte(n)})
}
