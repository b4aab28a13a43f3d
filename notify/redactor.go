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
// A nil redactor changes nothing.
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
	status   = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`) // such as 5.7.8
	longRun  = regexp.MustCompile(`[A-Za-z0-9]{8,}`)
	likeWord = regexp.MustCompile(`^([A-Z]?[a-z]+[0-9]*|[0-9]?[A-Z]+[0-9]*|[0-9]+|([A-Z][a-z]{2,})+)$`)
)

// newRedactor returns the redactor of a secret, nil if that is empty.
func newRedactor(secret string) *redactor {
	if secret == "" {
		return nil
	}
	plain := letters{}
	plain.add(secret, words{})
	s := &redactor{pieces: map[string]bool{}}
	if len(plain.text) > 0 {
		s.whole = []string{plain.lower()}
	}
	forms := []string{plain.lower(), hex.EncodeToString([]byte(secret))}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 { // base64 depends on the position modulo 3
			code := e.EncodeToString(append(make([]byte, before), secret...))
			forms = append(forms, strings.ToLower(code[(before*8+5)/6:(before+len(secret))*8/6]))
		}
	}
	for _, f := range forms {
		if len(f) >= 4 && len(f) < pieceLen { // shorter ones occur in every text
			s.whole = append(s.whole, f)
		}
		for i := range max(len(f)-pieceLen+1, 0) {
			s.pieces[f[i:i+pieceLen]] = true
		}
	}
	return s
}

// text returns a server's reply without the secret.
func (r *redactor) text(reply string) string {
	if r == nil {
		return reply
	}
	if len(reply) > maxReply {
		reply = reply[:maxReply] + "…"
	}
	places := wordOf.FindAllStringIndex(reply, -1)
	bad := r.find(reply, places)
	var b strings.Builder
	end := 0
	for i, w := range places {
		b.WriteString(reply[end:w[0]])
		end = w[1]
		if bad[i] {
			b.WriteString(hidden)
		} else {
			b.WriteString(reply[w[0]:w[1]])
		}
	}
	return b.String() + reply[end:]
}

// find reports which words of a reply are to be hidden.
func (r *redactor) find(reply string, places [][]int) []bool {
	bad := make([]bool, len(places))
	var all, withoutStatus letters
	for i, w := range places {
		word := reply[w[0]:w[1]]
		bad[i] = slices.ContainsFunc(longRun.FindAllString(word, -1), func(run string) bool { return !likeWord.MatchString(run) })
		all.add(word, words{i, i})
		begins := i == 0 || strings.Contains(reply[places[i-1][1]:w[0]], "\n")
		if !begins || !status.MatchString(word) { // a status may begin each line, and so split the secret
			withoutStatus.add(word, words{i, i})
		}
	}
	r.mark(all, bad, 2)
	r.mark(withoutStatus, bad, 2)
	return bad
}

// mark marks the words of l that contain the secret, as they are or unescaped up to depth
// times.
func (r *redactor) mark(l letters, bad []bool, depth int) {
	text := l.lower()
	found := func(from, to int) {
		for w := l.in[from].first; w <= l.in[to-1].last; w++ {
			bad[w] = true
		}
	}
	for i := range max(len(text)-pieceLen+1, 0) {
		if r.pieces[text[i:i+pieceLen]] {
			found(i, i+pieceLen)
		}
	}
	for _, f := range r.whole {
		for i := 0; ; i++ {
			next := strings.Index(text[i:], f)
			if next < 0 {
				break
			}
			i += next
			found(i, i+len(f))
		}
	}
	if depth == 0 {
		return
	}
	for _, e := range escapes {
		if plain := l.unescape(e); len(plain.text) != len(l.text) {
			r.mark(plain, bad, depth-1)
		}
	}
}

// letters is a text without white space. For each byte, in has the words that it comes from:
// several if it was an escape sequence.
type letters struct {
	text []byte
	in   []words
}

type words struct{ first, last int }

func (l *letters) add(s string, in words) {
	for i := range len(s) {
		if !strings.ContainsRune(" \t\r\n\v\f", rune(s[i])) {
			l.text, l.in = append(l.text, s[i]), append(l.in, in)
		}
	}
}

// lower returns the text in lower case. It changes ASCII letters only, so that no byte moves.
func (l letters) lower() string {
	b := slices.Clone(l.text)
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

func (l letters) unescape(e escape) letters {
	var plain letters
	end := 0
	for _, m := range e.form.FindAllIndex(l.text, -1) {
		plain.text, plain.in = append(plain.text, l.text[end:m[0]]...), append(plain.in, l.in[end:m[0]]...)
		plain.add(e.char(string(l.text[m[0]:m[1]])), words{l.in[m[0]].first, l.in[m[1]-1].last})
		end = m[1]
	}
	plain.text, plain.in = append(plain.text, l.text[end:]...), append(plain.in, l.in[end:]...)
	return plain
}
