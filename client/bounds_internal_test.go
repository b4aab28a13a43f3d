package client

import (
	"encoding/base64"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
)

// Whether there is another page, by what a page says.
func TestMorePages(t *testing.T) {
	for _, c := range []struct {
		what          string
		page          Page[Record]
		asked, offset int
		want          bool
	}{
		{"a link", Page[Record]{next: "x", whole: true}, 10, 0, true},
		{"links, but no next one", Page[Record]{linked: true, sent: 10}, 10, 0, false},
		{"a list without pages", Page[Record]{whole: true, sent: 10}, 10, 0, false},
		{"a full page", Page[Record]{sent: 10}, 10, 0, true},
		{"a short page", Page[Record]{sent: 9}, 10, 0, false},
		{"a page of the server's size", Page[Record]{sent: 9, PageSize: 9}, 10, 0, true},
		{"a short page of the server's size", Page[Record]{sent: 8, PageSize: 9}, 5, 0, false},
		{"an empty page of no size", Page[Record]{}, 0, 0, false},
		{"counted, one left", Page[Record]{counted: true, TotalCount: 21, sent: 10}, 10, 10, true},
		{"counted, none left", Page[Record]{counted: true, TotalCount: 20, sent: 10}, 10, 10, false},
		{"counted, an empty page", Page[Record]{counted: true, TotalCount: 20}, 10, 10, false},
	} {
		if got := c.page.more(c.asked, c.offset); got != c.want {
			t.Errorf("%s: got more %v, want %v", c.what, got, c.want)
		}
	}
}

// sumOf returns the sum of the items with these ids.
func sumOf(ids ...string) uint64 { return maphash.Comparable(sumSeed, fmt.Sprint(ids)) }

// A page that no link leads to must be the requested one.
func TestPagesInOrder(t *testing.T) {
	page := func(n int, ids ...string) *Page[Record] {
		p := &Page[Record]{Page: n, sum: sumOf(ids...)}
		for _, id := range ids {
			p.Items = append(p.Items, &Record{ID: id})
		}
		return p
	}
	for _, c := range []struct {
		what       string
		page, last *Page[Record]
		link       string
		fails      bool
	}{
		{"the next one", page(2, "b"), page(1, "a"), "", false},
		{"one without a number", page(0, "b"), page(1, "a"), "", false},
		{"another one", page(1, "b"), page(1, "a"), "", true},
		{"the same items", page(2, "a", "b"), page(1, "a", "b"), "", true},
		{"the same items after a link", page(1, "a"), page(1, "a"), "x", false},
		{"the first one", page(7, "a"), nil, "", false},
		{"an empty one", page(1), page(1, "a"), "", false},
	} {
		if err := c.page.follows(c.last, call{page: 2, link: c.link}); (err != nil) != c.fails {
			t.Errorf("%s: got %v, want an error: %v", c.what, err, c.fails)
		}
	}
}

// Links that form a loop of any length are noticed, and so are equal pages and 101 empty ones.
func TestLoopsOfPages(t *testing.T) {
	for _, size := range []int{1, 2, 3, 10, 100} {
		var g loopGuard
		steps := 0
		for err := error(nil); err == nil; steps++ {
			if steps > 5*size+10 {
				t.Fatalf("a loop of %d pages: got no error after %d", size, steps)
			}
			err = check(&g, &Page[Record]{next: fmt.Sprint(steps % size), sum: sumOf(fmt.Sprint(steps)), Items: []*Record{{}}})
		}
		if steps <= size {
			t.Errorf("a loop of %d pages: got an error after %d, want it to be read whole", size, steps)
		}
	}
	for _, c := range []struct {
		what  string
		page  func(i int) *Page[Record]
		steps int
		want  error
	}{
		{"equal pages", func(i int) *Page[Record] {
			return &Page[Record]{next: fmt.Sprint(i), sum: sumOf("a"), Items: []*Record{{}}}
		}, 2, errLoop},
		{"empty pages", func(i int) *Page[Record] { return &Page[Record]{next: fmt.Sprint(i)} }, 101, errLoop},
		{"empty pages with one in between", func(i int) *Page[Record] {
			p := &Page[Record]{next: fmt.Sprint(i)}
			if i%101 == 100 {
				p.sum, p.Items = sumOf(fmt.Sprint(i)), []*Record{{}}
			}
			return p
		}, 1000, nil},
		{"no link", func(int) *Page[Record] { return &Page[Record]{sum: sumOf("a"), Items: []*Record{{}}} }, 10, nil},
	} {
		var g loopGuard
		var err error
		steps := 0
		for ; steps < c.steps && err == nil; steps++ {
			err = check(&g, c.page(steps))
		}
		if err != c.want || steps != c.steps {
			t.Errorf("%s: got %v after %d pages, want %v after %d", c.what, err, steps, c.want, c.steps)
		}
	}
	var g loopGuard
	for i := range 10_000 { // its memory is that of a page
		if err := check(&g, &Page[Record]{next: fmt.Sprint(i), sum: sumOf(fmt.Sprint(i)), Items: []*Record{{}}}); err != nil {
			t.Fatalf("got %v after %d pages that are all different", err, i)
		}
	}
}

// Where a list starts, by its options and its path.
func TestTheStartOfAList(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"page=3&pageSize=20", "page=3&pageSize=20"}, {"skip=40&take=20", "skip=40&take=20"}, {"offset=40&limit=20", "limit=20&offset=40"},
		{"page=0", ""}, {"skip=0&take=5", "take=5"}, {"x=1", ""}, {"page=-1", "error"}, {"take=x", "error"},
	} {
		query, _ := url.ParseQuery(c.in)
		k := call{paging: byPage, query: url.Values{}}
		got := "error"
		if k.startAt(query) == nil {
			k.setPage()
			got = k.query.Encode()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.in, got, c.want)
		}
	}
	for page, want := range map[int][2]int{0: {0, 0}, 1: {0, 0}, 2: {defaultPageSize, defaultPageSize}, 3: {defaultPageSize, 2 * defaultPageSize}} {
		k := call{page: page}.listing(nil)
		if k.size != want[0] || k.offset != want[1] {
			t.Errorf("page %d: got size %d, offset %d; want %v", page, k.size, k.offset, want)
		}
	}
	if k := (call{page: 3, size: 7}).listing(nil); k.size != 7 || k.offset != 14 {
		t.Errorf("got size %d, offset %d; want 7, 14", k.size, k.offset)
	}
}

// JSON must not have far more values than its size explains.
func TestHowManyValuesAResponseMayHave(t *testing.T) {
	objects := func(n, size int) []byte {
		s := "[" + strings.Repeat("{}", n-1) + "]"
		return []byte(s + strings.Repeat(" ", max(0, size-len(s))))
	}
	for _, c := range []struct {
		what string
		data []byte
		want bool
	}{
		{"few", []byte(`{"a":[1,2]}`), false},
		{"as many as are free", objects(freeObjects+2000, 2000*minPerObject), false},
		{"one more", objects(freeObjects+2001, 2000*minPerObject), true},
		{"in a string", []byte(`"` + strings.Repeat("[{,", 20_000) + `"`), false},
		{"in a string after an escaped quote", []byte(`"\"` + strings.Repeat("[{,", 20_000) + `"`), false},
		{"after a string that ends with a backslash", []byte(`"\\"` + strings.Repeat("[", 20_000)), true},
		{"members", []byte(strings.Repeat(",", maxValues)), false},
		{"too many members", []byte(strings.Repeat(",", maxValues+1)), true},
	} {
		if got := tooMany(c.data); got != c.want {
			t.Errorf("%s: got too many %v, want %v", c.what, got, c.want)
		}
	}
}

// Whether JSON was cut off, where nothing but the end of the connection tells the end of a body.
func TestJSONThatIsCut(t *testing.T) {
	for _, c := range []struct {
		what string
		resp http.Response
		data string
		want bool
	}{
		{"cut", http.Response{ContentLength: -1, ProtoMajor: 1}, `{"a":`, true},
		{"whole", http.Response{ContentLength: -1, ProtoMajor: 1}, `{"a":1}`, false},
		{"empty", http.Response{ContentLength: -1, ProtoMajor: 1}, ``, false},
		{"with a length", http.Response{ContentLength: 0, ProtoMajor: 1}, `{"a":`, false},
		{"in chunks", http.Response{ContentLength: -1, ProtoMajor: 1, TransferEncoding: []string{"chunked"}}, `{"a":`, false},
		{"over HTTP/2", http.Response{ContentLength: -1, ProtoMajor: 2}, `{"a":`, false},
	} {
		if got := cut(&c.resp, []byte(c.data)); got != c.want {
			t.Errorf("%s: got cut %v, want %v", c.what, got, c.want)
		}
	}
}

// Names of files, from whatever a storage sends.
func TestNamesOfFiles(t *testing.T) {
	for _, c := range []struct{ header, link, want string }{
		{`attachment; filename="a.jpg"`, "/x.png", "a.jpg"},
		{`attachment; filename*0="a;"; filename*1="b.jpg"`, "/x.png", "a;b.jpg"},
		{`attachment; filename=a b.jpg ; size=3`, "/x.png", "a b.jpg"},
		{`attachment; filename="a\"b\\c.jpg"; x=y`, "/x.png", "c.jpg"},
		{`attachment;; filename="a;b.jpg`, "/x.png", "a;b.jpg"},
		{`filename=first; filename=second`, "/x.png", "first"},
		{`attachment; filename=plain; filename*=UTF-8''%e2%82%ac.jpg; =`, "/x", "€.jpg"},
		{`attachment; filename=plain; filename*=iso-8859-1'en'%e4.jpg; =`, "/x", "ä.jpg"},
		{`attachment; filename=plain; filename*=koi8-r''%e4.jpg; =`, "/x", "plain"},
		{`attachment; filename=plain; filename*=UTF-8''%e4.jpg; =`, "/x", "plain"},
		{`attachment; filename=plain; filename*=UTF-8'x.jpg; =`, "/x", "plain"},
		{`attachment; filename=plain; filename*=UTF-8''%zz; =`, "/x", "plain"},
		{`attachment; filename==?UTF-8?B?4oKs?=; =`, "/x", "€"},
		{`attachment; filename="%e2%82%ac"; =`, "/x", "€"},
		{`attachment; filename="100%25"; =`, "/x", "100%25"},
		{"attachment; filename=\xe4.jpg; =", "/x", "ä.jpg"},
		{"inline", "/dir/x.png", "x.png"}, {"", "/", "download"}, {"", "", "download"}, {`x; filename="..."; =`, "/../..", "download"},
		{strings.Repeat("x", 8192-12) + "; filename=ab", "/x.png", "a"},
	} {
		if got := fileName(c.header, &url.URL{Path: c.link}); got != c.want {
			t.Errorf("%.80q of %s: got %q, want %q", c.header, c.link, got, c.want)
		}
	}
	x := func(n int) string { return strings.Repeat("x", n) }
	for in, want := range map[string]string{
		"a/b\\c.txt": "c.txt", "a\x00b<c>|?*\":d": "a_b_c______d", " .hidden. ": "hidden", "con": "_con", "COM9.txt": "_COM9.txt", "lpt1 .x": "_lpt1 .x", "COM0": "COM0", "console": "console",
		x(200): x(200), x(201): x(200), x(300) + ".jpg": x(196) + ".jpg", x(300) + "." + x(19): x(180) + "." + x(19), x(190) + "." + x(20): x(180) + "." + x(19),
		strings.Repeat("é", 150): strings.Repeat("é", 100), "x" + strings.Repeat("é", 150): "x" + strings.Repeat("é", 99), "": "", "...": "",
	} {
		if got := safeName(in); got != want {
			t.Errorf("safeName(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"a.txt": "", x(255): "", x(256): "256 bytes, the maximum is 255", " ": "is empty", "\xff": "not UTF-8", "a:b": `for example "a_b"`, "a\nb": `for example "a_b"`,
	} {
		if err := checkFileName(in); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("checkFileName(%q): got %v, want %q", in, err, want)
		}
	}
	n := &names{}
	var got []string
	for _, name := range []string{"a.jpg", "A.JPG", "a.jpg", "b", "b", "a (2).jpg"} {
		got = append(got, n.claim(name))
	}
	if diff := cmp.Diff([]string{"a.jpg", "A (2).JPG", "a (3).jpg", "b", "b (2)", "a (2) (2).jpg"}, got); diff != "" {
		t.Errorf("got other names than wanted (-want +got):\n%s", diff)
	}
}

// A token expires when its response or its claims say, but not by a clock that differs.
func TestWhenATokenExpires(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	claim := func(c string) string {
		return "x." + base64.RawURLEncoding.EncodeToString([]byte(strings.ReplaceAll(c, "now", fmt.Sprint(now.Unix())))) + ".x"
	}
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		what  string
		token oauth2.Token
		want  time.Time
	}{
		{"by its response", oauth2.Token{Expiry: at(1), AccessToken: claim(`{"exp":1}`)}, at(1)},
		{"a response in the past", oauth2.Token{Expiry: now}, never},
		{"no claims", oauth2.Token{AccessToken: "opaque"}, never},
		{"claims that are none", oauth2.Token{AccessToken: "x.*.x"}, never},
		{"claims of two parts", oauth2.Token{AccessToken: strings.TrimSuffix(claim(`{"exp":1900000000}`), ".x")}, never},
		{"an end", oauth2.Token{AccessToken: claim(`{"exp":1800000600}`)}, at(600)},
		{"an end in the past", oauth2.Token{AccessToken: claim(`{"exp":1799999999}`)}, never},
		{"an end now", oauth2.Token{AccessToken: claim(`{"exp":1800000000}`)}, never},
		{"no end", oauth2.Token{AccessToken: claim(`{"iat":1800000000}`)}, never},
		{"a negative end", oauth2.Token{AccessToken: claim(`{"exp":-1}`)}, never},
		{"an end that is too late", oauth2.Token{AccessToken: claim(`{"exp":1e30,"iat":1}`)}, never},
		{"a life by this clock", oauth2.Token{AccessToken: claim(`{"exp":1800000600,"iat":1800000000}`)}, at(600)},
		{"a clock that is ahead", oauth2.Token{AccessToken: claim(`{"exp":1800000900,"iat":1800000300}`)}, at(600)},
		{"a clock that is far behind", oauth2.Token{AccessToken: claim(`{"exp":1799999000,"iat":1799998400}`)}, at(600)},
		{"a clock that is a little behind", oauth2.Token{AccessToken: claim(`{"exp":1800000590,"iat":1799999990}`)}, at(590)},
		{"a life from later on", oauth2.Token{AccessToken: claim(`{"exp":1800000900,"iat":1,"nbf":1800000400}`)}, at(500)},
		{"no life", oauth2.Token{AccessToken: claim(`{"exp":1799999000,"iat":1799999000}`)}, never},
		{"padding", oauth2.Token{AccessToken: strings.TrimSuffix(claim(`{"exp":1800000600}`), ".x") + "==.x"}, at(600)},
	} {
		if got := expiry(&c.token, now); !got.Equal(c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got.Sub(now), c.want.Sub(now))
		}
	}
}

// A token is renewed a minute before its end, or after three quarters of a short life.
func TestWhenATokenIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for life, want := range map[time.Duration]time.Duration{time.Hour: 59 * time.Minute, 4 * time.Minute: 3 * time.Minute, 2 * time.Minute: 90 * time.Second} {
			s := new(Tokens).startingWith(&oauth2.Token{AccessToken: "x", Expiry: time.Now().Add(life)})
			time.Sleep(want - 1)
			if s.due() {
				t.Errorf("a life of %v: got due before %v", life, want)
			}
			if time.Sleep(time.Nanosecond); !s.due() {
				t.Errorf("a life of %v: got not due after %v", life, want)
			}
		}
		if s := new(Tokens).startingWith(&oauth2.Token{AccessToken: "x"}); s.due() || !s.renewAt.IsZero() {
			t.Errorf("a token without an end: got due %v at %v, want never", s.due(), s.renewAt)
		}
		// Each pause is twice as long as the one before, up to 15 minutes.
		var p pacing
		begin := time.Now()
		for i, want := range []time.Duration{15, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900, 900, 900} {
			p.pause()
			if time.Sleep(want*time.Second - 1); !p.paused() {
				t.Errorf("pause %d: got an end before %v s", i, int(want))
			}
			if time.Sleep(time.Nanosecond); p.paused() {
				t.Errorf("pause %d: got no end after %v s", i, int(want))
			}
		}
		if p.times != 13 || !p.since.Equal(begin) {
			t.Errorf("got %d times since %v, want 13 since %v", p.times, p.since, begin)
		}
	})
}

// Which answers refuse the credentials.
func TestRefusedGrants(t *testing.T) {
	for status, want := range map[int]bool{0: false, 199: false, 200: true, 299: true, 300: true, 400: true, 401: true, 403: true, 408: false, 429: false, 499: true, 500: false} {
		if got := refusedGrant(fmt.Errorf("x: %w", &Error{Status: status})); got != want {
			t.Errorf("%d: got refused %v, want %v", status, got, want)
		}
		if got := refusedGrant(&oauth2.RetrieveError{Response: &http.Response{StatusCode: status}}); got != want {
			t.Errorf("%d of the program's source: got refused %v, want %v", status, got, want)
		}
	}
	if refusedGrant(&oauth2.RetrieveError{}) || refusedGrant(errors.New("x")) {
		t.Error("got refused by an error without a status, want not")
	}
}
