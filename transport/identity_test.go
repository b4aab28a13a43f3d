package transport_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/aprimo-go/aprimo/transport"
)

// token is an access token with these claims, and a signature that nobody checks.
func token(claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(claims)) + "." + b64([]byte("signature"))
}

// userSeen returns the user in the events of a request.
func userSeen(t testing.TB, identity func(*http.Request) string, prepare func(*http.Request)) string {
	var seen recorder
	tr := transport.New(transport.WithBase(answers(200)), quiet,
		transport.WithIdentity(identity), transport.WithObserver(seen.observe))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, recordsURL, nil)
	prepare(req)
	if _, err := tr.RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	return seen.of(transport.Done)[0].User
}

func TestUserIsFoundInThisOrder(t *testing.T) {
	bearer := func(token string) func(*http.Request) {
		return func(req *http.Request) { req.Header.Set("Authorization", token) }
	}
	fixed := func(*http.Request) string { return "from the option" }
	none := func(*http.Request) string { return "" }
	for name, test := range map[string]struct {
		identity func(*http.Request) string
		prepare  func(*http.Request)
		want     string
	}{
		"context before all": {fixed, func(req *http.Request) {
			bearer("Bearer " + token(`{"dam-login":"from the token"}`))(req)
			*req = *req.WithContext(transport.ContextWithUser(req.Context(), "from the context"))
		}, "from the context"},
		"option before token":     {fixed, bearer("Bearer " + token(`{"dam-login":"from the token"}`)), "from the option"},
		"option that knows none":  {none, bearer("Bearer " + token(`{"dam-login":"anna"}`)), "anna"},
		"login before ids":        {nil, bearer("Bearer " + token(`{"sub":"1","UID":7,"dam-uid":"ab","dam-login":"anna"}`)), "anna"},
		"a number":                {nil, bearer("Bearer " + token(`{"UID":7}`)), "7"},
		"the client":              {nil, bearer("Bearer " + token(`{"client_id":"export-job"}`)), "export-job"},
		"scheme in small letters": {nil, bearer("bearer " + token(`{"sub":"anna"}`)), "anna"},
		"marketing operations":    {nil, func(req *http.Request) { req.Header.Set("X-Access-Token", token(`{"sub":"anna"}`)) }, "anna"},
		"padded":                  {nil, bearer("Bearer x." + base64.URLEncoding.EncodeToString([]byte(`{"sub":"annas"}`)) + ".y"), "annas"},
		"claim of no use":         {nil, bearer("Bearer " + token(`{"dam-login":["a"],"sub":"anna"}`)), "anna"},
		"no token":                {nil, func(*http.Request) {}, ""},
		"another scheme":          {nil, bearer("Basic " + token(`{"sub":"anna"}`)), ""},
		"opaque token":            {nil, bearer("Bearer 0123456789abcdef"), ""},
		"not base64":              {nil, bearer("Bearer a.*.c"), ""},
		"not JSON":                {nil, bearer("Bearer a." + base64.RawURLEncoding.EncodeToString([]byte("x")) + ".c"), ""},
		"line ends":               {nil, bearer("Bearer " + token(`{"sub":"a\r\nBcc: x@y"}`)), "a\ufffd\ufffdBcc: x@y"},
		"endless":                 {nil, bearer("Bearer " + token(`{"sub":"`+strings.Repeat("ä", 5000)+`"}`)), strings.Repeat("ä", 128)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := userSeen(t, test.identity, test.prepare); got != test.want {
				t.Errorf("user %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzTokenUser(f *testing.F) {
	f.Add("Bearer " + token(`{"dam-login":"anna","UID":7}`))
	f.Add("Bearer a.b.c")
	f.Add("Bearer " + token(`{"sub":"\u202egnp.exe"}`))
	f.Add("Bearer " + token(`[]`))
	f.Fuzz(func(t *testing.T, header string) {
		user := userSeen(t, nil, func(req *http.Request) { req.Header["Authorization"] = []string{header} })
		if !utf8.ValidString(user) || len(user) > 256*utf8.UTFMax || strings.ContainsFunc(user, func(r rune) bool { return !unicode.IsPrint(r) && r != utf8.RuneError }) {
			t.Errorf("%q is not fit to be written down, want it printable and short", user)
		}
	})
}
