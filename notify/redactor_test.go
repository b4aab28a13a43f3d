package notify

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
)

// codes are the ways in which a server may repeat a secret.
var codes = []func(user, secret string) string{
	func(_, secret string) string { return secret },
	func(_, secret string) string { return base64.StdEncoding.EncodeToString([]byte(secret)) },
	func(user, secret string) string {
		return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + secret))
	},
	func(user, secret string) string {
		return base64.StdEncoding.EncodeToString([]byte("user=" + user + "\x01auth=Bearer " + secret + "\x01\x01"))
	},
	func(user, secret string) string {
		return base64.URLEncoding.EncodeToString([]byte(user + "\x00" + secret))
	},
	func(user, secret string) string {
		return url.QueryEscape(base64.RawStdEncoding.EncodeToString([]byte(user + "\x00" + secret)))
	},
	func(_, secret string) string { return hex.EncodeToString([]byte(secret)) },
	func(_, secret string) string { return strings.ToUpper(hex.EncodeToString([]byte(secret))) },
	func(_, secret string) string { return eachByte(`\x%02x`, secret) },
	func(_, secret string) string { return eachByte(`\%03o`, secret) },
	func(_, secret string) string { return eachByte(`%%%02X`, secret) },
	func(_, secret string) string { return eachByte(`=%02X`, secret) },
	func(_, secret string) string { return url.QueryEscape(secret) },
	func(_, secret string) string { return url.PathEscape(secret) },
	func(_, secret string) string { return url.QueryEscape(url.QueryEscape(secret)) },
	func(_, secret string) string { return fmt.Sprintf("%q", secret)[1 : len(fmt.Sprintf("%q", secret))-1] },
	func(_, secret string) string {
		return fmt.Sprintf("%+q", secret)[1 : len(fmt.Sprintf("%+q", secret))-1]
	},
	func(_, secret string) string { return html.EscapeString(secret) },
}

func eachByte(format, s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

// No eight characters of a secret remain of what a server says, however it writes it.
func FuzzRedactor(f *testing.F) {
	for code := range codes {
		for _, secret := range []string{"correct horse", "hunter2", "p@ss%41+w0rd=41\\n&amp;x", "ya29.a0AfH6SM-_b/c+d==", "pässwörd 5.7.8 ☃", "abcd"} {
			f.Add("alerts@example.com", secret, uint8(code), uint8(5), "\n")
			f.Add("alerts", secret, uint8(code), uint8(200), "\n535-5.7.8 ")
		}
	}
	f.Fuzz(func(t *testing.T, user, secret string, code, every uint8, cut string) {
		if every == 0 || strings.Trim(cut, " \r\n") != "" && cut != "\n5.7.8 " {
			cut, every = "\n5.7.8 ", max(every, 1)
		}
		if len(secret) > 200 || len(user) > 200 { // what is cut off cannot be looked at
			return
		}
		secret = strings.Trim(secret, " \t\r\n\v\f") // that there is a space after it reveals nothing
		said := codes[int(code)%len(codes)](user, secret)
		var lines []string
		for len(said) > int(every) {
			lines, said = append(lines, said[:every]), said[every:]
		}
		reply := "5.7.8 debug transcript: AUTH PLAIN " + strings.Join(append(lines, said), cut) + " end"
		shown := squeeze(newRedactor(secret).text(reply))
		for _, form := range forms(user, secret, int(code)) {
			for i := range max(len(form)-pieceLen+1, 0) {
				if piece := form[i : i+pieceLen]; strings.Contains(shown, piece) {
					t.Fatalf("%q: got %q with %q in it, want nothing of %q", reply, shown, piece, secret)
				}
			}
		}
	})
}

// forms returns what must not be shown: the secret as it is, and as it was said, but
// for the part that is the user's.
func forms(user, secret string, code int) []string {
	said := codes[code%len(codes)](user, secret)
	other := codes[code%len(codes)](user, strings.Repeat("\xff", len(secret)))
	same := 0
	for same < min(len(said), len(other)) && said[same] == other[same] {
		same++
	}
	end := 0
	if code%len(codes) == 3 { // The same comes after it.
		for end < min(len(said), len(other))-same && said[len(said)-1-end] == other[len(other)-1-end] {
			end++
		}
	}
	form := strings.TrimRight(said[same:len(said)-end], "=")
	if n := code % len(codes); n > 0 && n < 6 && len(form) > 2 {
		form = form[1 : len(form)-1] // In base64 those at its ends are half the secret's.
	}
	return []string{squeeze(secret), squeeze(form)}
}

func squeeze(s string) string {
	for _, drop := range []string{"5.7.8", hidden, " ", "\t", "\r", "\n", "\v", "\f"} {
		s = strings.ReplaceAll(s, drop, "")
	}
	return s
}

// What a server usually says remains.
func TestRedactorShowsWhatIsUseful(t *testing.T) {
	s := newRedactor("correct horse battery")
	for _, same := range []string{
		"5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
		"5.7.8 Username and Password not accepted. For more information, go to\n5.7.8 https://support.google.com/mail/?p=BadCredentials",
		"5.1.1 <nobody@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
		"mail.example.com Hello [192.168.100.200]\nSIZE 52428800\nAUTH PLAIN LOGIN XOAUTH2 SCRAM-SHA-256-PLUS\n8BITMIME\nENHANCEDSTATUSCODES",
	} {
		if got := s.text(same); got != same {
			t.Errorf("got %q, want %q", got, same)
		}
	}
	if got, want := s.text("no mac: hunter2x9Kq4 for you"), "no mac: *** for you"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
	if got := newRedactor("").text("\x00AGFsZXJ0cwBjb3JyZWN0"); got != "\x00AGFsZXJ0cwBjb3JyZWN0" {
		t.Errorf("without a secret: got %q, want no change", got)
	}
	if n := len(s.text(strings.Repeat("x ", 1<<20))); n > maxReply+3 {
		t.Errorf("reply: got %d bytes, want fewer", n)
	}
}

// An escape that means nothing is the character itself; a secret of blanks hides nothing.
func TestRedactorOfUnusualSecrets(t *testing.T) {
	for _, c := range []struct{ secret, reply, want string }{
		{"kkqqkk7", `535 kk\qqkk7 is wrong`, "535 *** is wrong"},
		{"  ", "535 no login", "535 no login"},
		{"secret99word", "535 secr\n5.7.8 et99word x", "535 ***\n*** *** x"},
		{"hunter22", "535 hunter2%32", "535 ***"},
		{"abc", "535 abcd bcd", "535 *** bcd"},
		{"abcdefg", "535 ABCDEFGH cdefgh", "535 *** cdefgh"},
	} {
		if got := newRedactor(c.secret).text(c.reply); got != c.want {
			t.Errorf("%q in %q: got %q, want %q", c.secret, c.reply, got, c.want)
		}
	}
}
