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

// Webhook is a [Notifier] that posts alerts to a URL. Printing it, and its errors, show
// only the host of the URL, since most services treat the rest as a secret.
type Webhook struct {
	URL   string `json:"-" yaml:"-"` // must be https, unless it is on this machine or InsecureHTTP is set
	Shape Shape

	// Header is added to each request, for example Authorization.
	Header http.Header `json:"-" yaml:"-"`

	// Client sends the requests. Nil means one that follows no redirect.
	Client *http.Client `json:"-" yaml:"-"`

	// InsecureHTTP allows a URL with http, which is not encrypted.
	InsecureHTTP bool
}

const maxAnswer = 64 << 10

// webhookClient follows no redirect: a redirected POST becomes a GET without the alert.
var webhookClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Validate returns an error that says what to change if nothing can be sent with these
// settings. It wraps [ErrPermanent].
func (w Webhook) Validate() error {
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Host == "":
		err = errors.New("bad URL: copy it as the service shows it, beginning with https://")
	case u.Scheme == "http" && !w.InsecureHTTP && !isLocal(u.Hostname()):
		err = fmt.Errorf("the URL at %s is not encrypted: use https, or set InsecureHTTP", u.Host)
	case u.Scheme != "http" && u.Scheme != "https":
		err = fmt.Errorf("bad scheme %q of the URL: use https", clean(u.Scheme, maxText))
	case w.Shape != JSON && w.Shape != Slack && w.Shape != Teams:
		err = fmt.Errorf("bad Shape %q: use JSON, Slack or Teams", clean(string(w.Shape), maxText))
	}
	if err != nil {
		return fmt.Errorf("notify: webhook: %w", permanentError{err})
	}
	return nil
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Notify posts a and returns when the server has answered, after at most a minute. A
// status other than 2xx is an error. It wraps [ErrPermanent] unless the status is 408, 429
// or at least 500.
func (w Webhook) Notify(ctx context.Context, a Alert) error {
	if err := w.Validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	body, err := w.body(a)
	if err != nil {
		return fmt.Errorf("notify: webhook: %w", permanentError{err})
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("notify: webhook: %w", permanentError{errors.New("bad URL")})
	}
	for name, values := range w.Header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	client := w.Client
	if client == nil {
		client = webhookClient
	}
	resp, err := client.Do(r)
	if err != nil {
		return w.noAnswer(r.URL.Host, err)
	}
	defer resp.Body.Close()
	return w.judge(r.URL, resp)
}

// noAnswer explains why there is no answer.
func (w Webhook) noAnswer(host string, err error) error {
	if u := new(url.Error); errors.As(err, &u) {
		err = u.Err // without the URL
	}
	hint := "check whether the URL is still valid, and whether a firewall blocks it"
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		hint = "its certificate is not trusted: if it is your own, set a Client that trusts its authority"
	}
	return fmt.Errorf("notify: webhook: no answer from %s, %s: %w", host, hint, err)
}

// judge returns an error about an answer that is not a success.
func (w Webhook) judge(u *url.URL, resp *http.Response) error {
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	words := newRedactor(w.secret(u)).text(string(answer)) // many servers repeat the request
	err := fmt.Errorf("%s answered %d %s", u.Host, resp.StatusCode, clean(words, 200))
	switch {
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
	default:
		err = permanentError{fmt.Errorf("%w: check whether the URL is still valid, and which Shape it expects", err)}
	}
	return fmt.Errorf("notify: webhook: %w", err)
}

// secret returns what the errors must not show.
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

// slackMessage follows Slack's Block Kit: a header of at most 150 characters, and texts of
// at most 3000.
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

// teamsMessage is an Adaptive Card, version 1.4, whose texts may have some Markdown.
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

// line returns the ranking in one line.
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
