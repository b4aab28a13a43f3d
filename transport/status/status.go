// Package status shows a transport.Transport live, as a web page:
//
//	http.Handle("/aprimo", requireAdmin(status.Handler(tr, alerts)))
//
// It shows the rate and what bounds it, the window, the delay that the server adds,
// who waits in which class, pauses, the last hour, which users and operations were
// answered 429, and how the alerts stand. It renews itself every two seconds, is
// readable on a phone, and loads nothing from anywhere.
//
// # What it does not do
//
// It authenticates nobody: users' names and what they do are personal data, so put
// it behind your own authentication. It changes nothing, answers GET and HEAD alone,
// and allows no other site to embed it. It is one process's view; what many processes
// do together is for Prometheus or OpenTelemetry, see packages prom and otelaprimo.
package status

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

var (
	//go:embed status.html.tmpl
	source string
	//go:embed status.css
	css string
	//go:embed status.js
	js string
)

var page = template.Must(template.New("page").Funcs(functions).Parse(source))

// Handler returns the page of a Transport, and of its alerts; nil means that there
// are none. It observes the Transport from now on, in constant memory, so make one
// for each Transport, when the program begins. It is safe for concurrent use.
//
// It may be mounted at any path. With the query "format=json" it returns the same
// as JSON, for programs: times as of RFC 3339, durations in nanoseconds under names
// that end in _ns, rates a second. Later versions may add fields to it.
func Handler(t *transport.Transport, alerts measure.Alerts) http.Handler {
	h := &handler{transport: t, alerts: alerts}
	t.Observe(h.seen.observe)
	return h
}

type handler struct {
	transport *transport.Transport
	alerts    measure.Alerts
	seen      record
}

// policy allows the page's own script and style, by their hashes, and nothing else,
// whatever a name might bring into it.
var policy = "default-src 'none'; script-src " + hash(js) + "; style-src " + hash(css) +
	"; img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "this page can only be read", http.StatusMethodNotAllowed)
		return
	}
	var body bytes.Buffer
	var err error
	kind := "text/html; charset=utf-8"
	switch v := h.view(); r.URL.Query().Get("format") {
	case "json":
		kind = "application/json"
		e := json.NewEncoder(&body)
		e.SetIndent("", "  ")
		err = e.Encode(v)
	case "part": // what the page's script puts in place of the old
		err = page.ExecuteTemplate(&body, "live", v)
	default:
		err = page.Execute(&body, v)
	}
	if err != nil {
		http.Error(w, "the status cannot be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", kind)
	_, _ = w.Write(body.Bytes()) // whoever is gone needs no answer
}
