package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Shape is what a [Webhook] sends.
type Shape string

// The shapes. The zero value is JSON.
const (
	JSON  Shape = ""      // the Alert with "subject" and "text"
	Slack Shape = "slack" // a message of blocks, for Slack's incoming webhooks
	Teams Shape = "teams" // an Adaptive Card, for a Teams workflow "when a webhook request is received"
)

// Webhook is a [Notifier] that posts an alert to a URL. It is a value and safe for
// concurrent use. Neither printing it nor its errors show more of the URL than its
// host, since the rest is a secret with most services.
type Webhook struct {
	URL   string `json:"-" yaml:"-"` // must be https, unless it is on this machine or InsecureHTTP is set
	Shape Shape

	// Header is added to each request, such as an Authorization.
	Header http.Header `json:"-" yaml:"-"`

	// Client sends the requests. Nil means one that follows no redirect.
	Client *http.Client `json:"-" yaml:"-"`

	// InsecureHTTP allows a URL with http: for anybody on the way to read.
	InsecureHTTP bool
}

const maxAnswer = 64 << 10

var toHook = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Validate returns an error that says what to change if nothing can be sent with
// these settings; it wraps [ErrPermanent].
func (w Webhook) Validate() error {
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Host == "":
		err = errors.New("bad URL: copy it as the service shows it, beginning with https://")
	case u.Scheme == "http" && !w.InsecureHTTP && !isLocal(u.Hostname()):
		err = fmt.Errorf("the URL at %s is not encrypted: write https, or set InsecureHTTP", u.Host)
	case u.Scheme != "http" && u.Scheme != "https":
		err = fmt.Errorf("bad scheme %q of the URL: write https", clean(u.Scheme, maxText))
	case w.Shape != JSON && w.Shape != Slack && w.Shape != Teams:
		err = fmt.Errorf("bad Shape %q: use JSON, Slack or Teams", clean(string(w.Shape), maxText))
	}
	if err != nil {
		return fmt.Errorf("notify.Webhook: %w", permanentError{err})
	}
	return nil
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Notify posts a and returns when the server has answered, or when ctx ends, after
// at most a minute. An answer other than 2xx is an error; it wraps [ErrPermanent]
// unless it is 408, 429 or above 499.
func (w Webhook) Notify(ctx context.Context, a Alert) error {
	if err := w.Validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	body, err := w.body(a)
	if err != nil {
		return fmt.Errorf("notify.Webhook: %w", permanentError{err})
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("notify.Webhook: %w", permanentError{errors.New("bad URL")})
	}
	for name, values := range w.Header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	client := w.Client
	if client == nil {
		client = toHook
	}
	resp, err := client.Do(r)
	if err != nil {
		if u := new(url.Error); errors.As(err, &u) {
			err = u.Err // its text has the URL
		}
		hint := "see whether the URL is still right, and whether a firewall lets it out"
		if errors.As(err, new(*tls.CertificateVerificationError)) {
			hint = "its certificate is not trusted: if it is your own, give a Client that knows its authority"
		}
		return fmt.Errorf("notify.Webhook: no answer of %s, %s: %w", r.URL.Host, hint, err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	words := newRedactor(w.secret(r.URL)).text(string(said)) // many a server says what it was asked for
	err = fmt.Errorf("%s answered %d %s", r.URL.Host, resp.StatusCode, clean(words, 200))
	switch {
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
	default:
		err = permanentError{fmt.Errorf("%w: see whether the URL is still right and what Shape it wants", err)}
	}
	return fmt.Errorf("notify.Webhook: %w", err)
}

// secret returns what only the service may know.
func (w Webhook) secret(u *url.URL) string {
	s := strings.Trim(u.RequestURI(), "/")
	if u.User != nil {
		s += " " + u.User.String()
	}
	for _, values := range w.Header {
		s += " " + strings.Join(values, " ")
	}
	return s
}

// body returns what is sent.
func (w Webhook) body(a Alert) ([]byte, error) {
	switch w.Shape {
	case Slack:
		return json.Marshal(slackMessage(a))
	case Teams:
		return json.Marshal(teamsMessage(a))
	}
	return json.Marshal(struct {
		Subject string `json:"subject"`
		Text    string `json:"text"`
		Alert
	}{a.Subject(), a.Text(), a})
}

type object = map[string]any

// slackMessage follows Slack's Block Kit: a header of 150 characters at most, and
// text of 3000.
func slackMessage(a Alert) object {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	text := func(kind, s string, most int) object {
		return object{"type": kind, "text": clean(escape.Replace(s), most)}
	}
	blocks := []object{{"type": "header", "text": text("plain_text", a.Subject(), 150)}}
	if !a.isTest() {
		p := a.page()
		blocks = append(blocks, object{"type": "section", "text": text("plain_text", p.Title, 2000)})
		for _, r := range p.Rankings {
			if len(r.Rows) > 0 {
				blocks = append(blocks, object{"type": "section", "text": text("plain_text", r.Title+": "+r.line(), 2000)})
			}
		}
		if p.Share != "" {
			blocks = append(blocks, object{"type": "section", "text": text("plain_text", p.Share, 2000)})
		}
		blocks = append(blocks, object{"type": "context", "elements": []object{text("plain_text", strings.Join(p.Foot, " "), 2000)}})
	}
	return object{"text": clean(escape.Replace(a.Subject()), 300), "blocks": blocks}
}

// teamsMessage is an Adaptive Card, version 1.4, whose text may have some Markdown.
func teamsMessage(a Alert) object {
	escape := strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "`", "\\`", "~", `\~`, "#", `\#`)
	block := func(s, weight string) object {
		return object{"type": "TextBlock", "text": escape.Replace(s), "weight": weight, "wrap": true}
	}
	body := []object{block(a.Subject(), "Bolder")}
	if !a.isTest() {
		p := a.page()
		body = append(body, block(p.Title, "Default"))
		var facts []object
		for _, f := range p.Facts {
			facts = append(facts, object{"title": f.Name, "value": escape.Replace(f.Value)})
		}
		for _, r := range p.Rankings {
			if len(r.Rows) > 0 {
				facts = append(facts, object{"title": r.Title, "value": escape.Replace(r.line())})
			}
		}
		body = append(body, object{"type": "FactSet", "facts": facts})
		if p.Share != "" {
			body = append(body, block(p.Share, "Default"))
		}
	}
	return object{"type": "message", "attachments": []object{{
		"contentType": "application/vnd.microsoft.card.adaptive",
		"content":     object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body},
	}}}
}

// line returns the ranking in one.
func (r ranking) line() string {
	var parts []string
	for _, row := range r.Rows {
		parts = append(parts, fmt.Sprintf("%s %d (%d %%)", row.Name, row.Count, row.Percent))
	}
	return strings.Join(parts, ", ")
}

// Format implements [fmt.Formatter] so that no verb shows the URL or the header.
func (w Webhook) Format(f fmt.State, _ rune) {
	host := "?"
	if u, err := url.Parse(w.URL); err == nil {
		host = u.Host
	}
	fmt.Fprintf(f, "notify.Webhook(%s to %s)", cmp.Or(w.Shape, "json"), host)
}
