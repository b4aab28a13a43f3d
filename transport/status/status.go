// Package status shows a transport.Transport live, as a web page:
//
//	http.Handle("/aprimo", requireAdmin(status.Handler(tr, alerts)))
//
// It shows the rate and what limits it, the window, the server's delay, what other programs
// send, the queue by class and user, pauses, the last hour, the users and operations that got
// 429s, and the state of the alerts. It updates itself every two seconds, is readable on a
// phone, and loads nothing from other sites.
//
// # What it does not do
//
// It does not authenticate: user names and what they do are personal data, so put it
// behind your own authentication. It changes nothing, answers only GET and HEAD, and other
// sites cannot embed it. It shows one process; for many processes use Prometheus or
// OpenTelemetry, see packages prom and otelaprimo.
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

// Handler returns the page of a Transport and its alerts, a *notify.Alerter; nil means that
// there are none. It observes the Transport from now on, in constant memory, so make one for
// each Transport when the program starts. It is safe for concurrent use.
//
// It may be mounted at any path. With the query "format=json" it returns JSON: times as of
// RFC 3339, durations in nanoseconds under names that end in _ns, rates a second. Later
// versions may add fields.
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

// policy allows the page's own script and style, by their hashes, and nothing else, in case
// a name from outside contains a script.
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
		http.Error(w, "status: method not allowed, use GET or HEAD", http.StatusMethodNotAllowed)
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
	case "part": // for the page's script
		err = page.ExecuteTemplate(&body, "live", v)
	default:
		err = page.Execute(&body, v)
	}
	if err != nil {
		http.Error(w, "status: cannot render the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", kind)
	_, _ = w.Write(body.Bytes()) // the client may be gone
}
