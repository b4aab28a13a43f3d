package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestLinksLeadToTheProxy(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	const dam, core = "https://acme.dam.aprimo.com", "https://acme.aprimo.com"
	for name, test := range map[string]struct{ kind, body, want string }{
		"a link":            {"application/json", `{"href": "` + dam + `/api/core/record/1?a=b"}`, `{"href": "http://proxy:1/api/core/record/1?a=b"}`},
		"HAL":               {"application/hal+json; charset=utf-8", `{"href":"` + core + `/api/users/1"}`, `{"href":"http://proxy:1/api/users/1"}`},
		"escaped":           {"application/json", `{"href":"https:\/\/acme.dam.aprimo.com\/api\/core\/record\/1"}`, `{"href":"http://proxy:1/api/core/record\/1"}`},
		"two":               {"application/json", `["href":"` + core + `/a","href":"` + core + `/b"]`, `["href":"http://proxy:1/a","href":"http://proxy:1/b"]`},
		"a text":            {"application/json", `{"value":"` + dam + `/api/core/record/1"}`, ""},
		"a text with href":  {"application/json", `{"value":"\"href\":\"` + core + `/a\""}`, ""},
		"another host":      {"application/json", `{"href":"https://cdn.aprimo.com/a"}`, ""},
		"a longer host":     {"application/json", `{"href":"` + core + `.example/a"}`, ""},
		"not encrypted":     {"application/json", `{"href":"http://acme.aprimo.com/a"}`, ""},
		"the other's path":  {"application/json", `{"href":"` + dam + `/page"}`, ""},
		"the other's path ": {"application/json", `{"href":"` + core + `/api/core/record/1"}`, ""},
		"HTML":              {"text/html", `<a "href":"` + core + `/a">`, ""},
	} {
		p, url := newSite(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("%s: got Accept-Encoding %q, want identity", name, got)
			}
			w.Header().Set("Content-Type", test.kind)
			w.Header().Set("Location", core+"/uploads/1?x=y")
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, test.body)
		})
		p.links, _ = newLinks("http://proxy:1/", hostsOf("acme"))
		p.reverse = p.newReverse()
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if test.want == "" {
			test.want = test.body
		}
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, test.want)
		}
		if to := resp.Header.Get("Location"); to != "http://proxy:1/uploads/1?x=y" {
			t.Errorf("%s: got Location %s, want it at the proxy", name, to)
		}
	}
}

func TestBadLinks(t *testing.T) {
	for _, to := range []string{"proxy", "ftp://proxy", "http://", "http://proxy?x", `http://proxy"`, "http://me@proxy", "http://proxy/#x"} {
		if _, err := newLinks(to, hostsOf("acme")); err == nil || !strings.Contains(err.Error(), "-links") {
			t.Errorf("%s: got %v, want an error that names -links", to, err)
		}
	}
}

// However a body is cut into pieces, it becomes the same.
func TestLinksInPieces(t *testing.T) {
	l, err := newLinks("http://proxy", hostsOf("acme"))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{
			`"href":"https://acme.dam.aprimo.com/api/core/a"`, `"href" : "https://acme.aprimo.com/b"`, `"hre`, `"`, `"href":"https://acme.aprimo.com`,
			`"href":"https:\/\/acme.aprimo.com\/api\/core\/`, "x", strings.Repeat("y", 600), strings.Repeat(`"`, 600), `/api`, `/core/`,
		})).Draw(t, "parts")
		text := strings.Join(parts, "")
		want := string(l.replace([]byte(text)))
		size := rapid.IntRange(1, 700).Draw(t, "size")
		for name, from := range map[string]io.Reader{
			"bytes": iotest.OneByteReader(strings.NewReader(text)), "pieces": &pieces{text, size}, "the end at once": iotest.DataErrReader(strings.NewReader(text)),
		} {
			if got, err := io.ReadAll(&linkReader{links: l, from: from}); err != nil || string(got) != want {
				t.Fatalf("%s: got %q, %v; want %q", name, got, err, want)
			}
		}
	})
}

// pieces reads a text in pieces of a size.
type pieces struct {
	text string
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	n := copy(b, p.text[:min(p.size, len(p.text))])
	p.text = p.text[n:]
	return n, nil
}

func TestHeadersOfPrograms(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	var seen string
	p, url := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		seen = fmt.Sprint(r.Header["X-Flow"], r.Header["X-Class"], r.Header["X-User"])
	})
	p.headers = headers{"X-Flow", "X-Class", "X-User"}
	for class, want := range map[string]int{"": 200, "Batch": 200, "interactive": 200, "normal": 200, "urgent": 400} {
		seen = "[][][]"
		if status, body := raw(t, url, "GET / HTTP/1.1\r\nHost: x\r\nX-Flow: f\r\nX-User: u\r\nX-Class: "+class+"\r\n\r\n"); status != want || seen != "[][][]" && seen != "[] [] []" {
			t.Errorf("class %q: got %d, %s, and Aprimo %s; want %d and no such header", class, status, body, seen, want)
		}
	}
	if err := (headers{class: "authorization"}).validate(); err == nil {
		t.Error("Authorization as the class: got no error, want one")
	}
}
