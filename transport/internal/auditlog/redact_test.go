package auditlog

import (
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestURLWithoutSecrets(t *testing.T) {
	for in, want := range map[string]string{
		"https://acme.dam.aprimo.com/api/core/record/0123":          "https://acme.dam.aprimo.com/api/core/record/0123",
		"https://u:p@acme.aprimo.com/a":                             "https://REDACTED@acme.aprimo.com/a",
		"https://b.blob.core.windows.net/x?sv=1&sig=abc%3D&se=2":    "https://b.blob.core.windows.net/x?sv=REDACTED&sig=REDACTED&se=REDACTED",
		"https://h/p?secretwithoutaname":                            "https://h/p?REDACTED",
		"https://h/p?a=1;b=2&&c":                                    "https://h/p?a=REDACTED&&REDACTED",
		"https://h/p?a=b=c#access_token=secret":                     "https://h/p?a=REDACTED",
		"https://h/uploads/segments/c2VjcmV0?index=3":               "https://h/uploads/segments/REDACTED?index=REDACTED",
		"https://h/uploads/segments/c2%2Fs%3D/commit":               "https://h/uploads/segments/REDACTED/commit",
		"https://h/a%20b/Uploads//Segments/secret/a%2Fb":            "https://h/a%20b/Uploads//Segments/REDACTED/a%2Fb",
		"mailto:anna@example.com":                                   "mailto://REDACTED",
		"https://h/uploads/segments":                                "https://h/uploads/segments",
		"https://h/uploads/c2VjcmV0dG9r":                            "https://h/uploads/REDACTED",
		"https://h/uploads/123456789":                               "https://h/uploads/REDACTED",
		"https://h/uploads/12345678/x":                              "https://h/uploads/12345678/x",
		"https://h//UPLOADS//123456789":                             "https://h//UPLOADS//REDACTED",
		"https://h/uploads/c2VjcmV0dG9r/status?x=1":                 "https://h/uploads/REDACTED/status?x=REDACTED",
		"https://h/a%2Fb":                                           "https://h/a%2Fb",
		"https://h/" + strings.Repeat("a", 1014):                    "https://h/" + strings.Repeat("a", 1014),
		"https://h/" + strings.Repeat("a", 1015):                    "https://h/" + strings.Repeat("a", 1014) + "...",
		"https://h/" + strings.Repeat("a", 3000):                    "https://h/" + strings.Repeat("a", 1014) + "...",
		"https://h/search?" + strings.Repeat("x", 3000) + "=secret": "https://h/search?" + strings.Repeat("x", 1007) + "...",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := SafeURL(u); got != want {
			t.Errorf("SafeURL(%s)\n got %s\nwant %s", in, got, want)
		}
	}
	if got := SafeURL(nil); got != "" {
		t.Errorf("SafeURL(nil) = %q, want nothing", got)
	}
}

func FuzzURLWithoutSecrets(f *testing.F) {
	f.Add("https://user:", "@host/uploads/segments/", "?sig=")
	f.Add("https://host/?a=", "&b=", "#")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		const secret = "s3cr3t"
		u, err := url.Parse(a + c)
		if err != nil || strings.Contains(a+b+c, secret) {
			return
		}
		u.User, u.RawQuery = url.UserPassword("u", secret), b+"="+secret+"&"+secret
		if got := SafeURL(u); strings.Contains(got, secret) {
			t.Errorf("SafeURL(%s) = %s, want no secret", u, got)
		}
	})
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"anna@example.com":              "anna@example.com",
		"Größe 数":                       "Größe 数",
		"a\r\nBcc: x@y":                 "a\ufffd\ufffdBcc: x@y",
		"\u202egnp.exe":                 "\ufffdgnp.exe",
		"\xff\xfe":                      "\ufffd",
		strings.Repeat("a", 256):        strings.Repeat("a", 256),
		strings.Repeat("a", 257):        strings.Repeat("a", 256),
		strings.Repeat("ä", 128):        strings.Repeat("ä", 128),
		strings.Repeat("\x80", 300):     "",
		strings.Repeat("ä", maxText):    strings.Repeat("ä", maxText/2),
		"a" + strings.Repeat("ä", 1000): "a" + strings.Repeat("ä", (maxText-1)/2),
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("anna")
	f.Add("\xe2\x80")
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) || len(got) > maxText*utf8.UTFMax || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) && r != utf8.RuneError }) {
			t.Errorf("Clean(%q) = %q, want printable text", s, got)
		}
	})
}
