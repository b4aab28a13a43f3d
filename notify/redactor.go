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
//     escaped or broken into lines;
//   - that contains eight letters and digits or more that do not look like a word: another
//     encoding.
//
// It has the pieces of all forms of the secret. A nil redactor changes nothing.
type redactor map[string]bool

const (
	pieceLen = 8 // bytes that reveal something of a secret
	maxReply = 4 << 10
	hidden   = "***"
)

var (
	wordOf   = regexp.MustCompile(`\S+`)
	status   = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`) // such as 5.7.8
	longRun  = regexp.MustCompile(`[A-Za-z0-9]{8,}`)
	likeWord = regexp.MustCompile(`^([A-Z]?[a-z]+[0-9]*|[0-9]?[A-Z]+[0-9]*|[0-9]+|([A-Z][a-z]{2,})+)$`)
)

// newRedactor returns the redactor of a secret, nil if that is empty.
func newRedactor(secret string) redactor {
	if secret == "" {
		return nil
	}
	plain := spell(secret, 0, 0).lower()
	forms := []string{plain, hex.EncodeToString([]byte(secret))}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 { // base64 depends on the position modulo 3
			code := e.EncodeToString(append(make([]byte, before), secret...))
			forms = append(forms, strings.ToLower(code[(before*8+5)/6:(before+len(secret))*8/6]))
		}
	}
	r := redactor{}
	for _, f := range forms {
		n := min(len(f), pieceLen)
		if n == 0 || n < 4 && f != plain { // shorter codes occur in every text
			continue
		}
		for i := range len(f) - n + 1 {
			r[f[i:i+n]] = true
		}
	}
	return r
}

// text returns a server's reply without the secret.
func (r redactor) text(reply string) string {
	if r == nil {
		return reply
	}
	if len(reply) > maxReply {
		reply = reply[:maxReply] + "…"
	}
	places := wordOf.FindAllStringIndex(reply, -1)
	bad := make([]bool, len(places)) // the words to be hidden
	var all, withoutStatus letters
	for i, w := range places {
		word := reply[w[0]:w[1]]
		bad[i] = slices.ContainsFunc(longRun.FindAllString(word, -1), func(run string) bool { return !likeWord.MatchString(run) })
		spelled := spell(word, i, i)
		all = append(all, spelled...)
		begins := i == 0 || strings.Contains(reply[places[i-1][1]:w[0]], "\n")
		if !begins || !status.MatchString(word) { // a status may begin each line, and so split the secret
			withoutStatus = append(withoutStatus, spelled...)
		}
	}
	r.mark(all, bad, 2)
	r.mark(withoutStatus, bad, 2)
	i := -1
	return wordOf.ReplaceAllStringFunc(reply, func(word string) string {
		if i++; bad[i] {
			return hidden
		}
		return word
	})
}

// mark marks the words of l that contain the secret, as they are or unescaped up to depth
// times.
func (r redactor) mark(l letters, bad []bool, depth int) {
	text := l.lower()
	for n := 1; n <= pieceLen; n++ {
		for i := range max(len(text)-n+1, 0) {
			if r[text[i:i+n]] {
				for w := l[i].first; w <= l[i+n-1].last; w++ {
					bad[w] = true
				}
			}
		}
	}
	if depth == 0 {
		return
	}
	for _, e := range escapes {
		if plain := l.unescape(e); len(plain) != len(l) {
			r.mark(plain, bad, depth-1)
		}
	}
}

// letters is a text without white space, byte by byte.
type letters []letter

// A letter comes from a word, or from several if it was an escape sequence.
type letter struct {
	char        byte
	first, last int // the words
}

func spell(s string, first, last int) (l letters) {
	for _, c := range []byte(s) {
		if strings.IndexByte(" \t\r\n\v\f", c) < 0 {
			l = append(l, letter{c, first, last})
		}
	}
	return l
}

func (l letters) String() string {
	b := make([]byte, len(l))
	for i := range l {
		b[i] = l[i].char
	}
	return string(b)
}

// lower returns the text in lower case. It changes ASCII letters only, so that no byte moves.
func (l letters) lower() string {
	b := []byte(l.String())
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

func (l letters) unescape(e escape) (plain letters) {
	text, end := l.String(), 0
	for _, m := range e.form.FindAllStringIndex(text, -1) {
		plain = append(plain, l[end:m[0]]...)
		plain = append(plain, spell(e.char(text[m[0]:m[1]]), l[m[0]].first, l[m[1]-1].last)...)
		end = m[1]
	}
	return append(plain, l[end:]...)
}
