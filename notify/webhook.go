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
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// A Shape is what a [Webhook] sends.
type Shape string

// The shapes. The zero value is JSON.
const (
	JSON  Shape = ""      // the Alert with "subject" and "text"
	Slack Shape = "slack" // a message of blocks, for Slack's incoming webhooks
	Teams Shape = "teams" // an Adaptive Card, for a Teams workflow "when a webhook request is received"

	// Alertmanager is for the API v2 of Prometheus's Alertmanager: the URL ends in
	// /api/v2/alerts. PagerDuty is for its Events API v2: the URL ends in /v2/enqueue. With
	// both each incident is opened once and resolved once, also one without an alert of its
	// own. Alertmanager resolves an incident by itself a day after the next reminder is due.
	Alertmanager Shape = "alertmanager"
	PagerDuty    Shape = "pagerduty"
)

// Webhook is a [Notifier] that posts alerts to a URL. Printing it, and its errors, show
// only the host of the URL, since most services treat the rest as a secret.
type Webhook struct {
	URL   string `json:"-" yaml:"-"` // must be https, unless it is on this machine or InsecureHTTP is set
	Shape Shape

	// Header is added to each request, for example Authorization.
	Header http.Header `json:"-" yaml:"-"`

	// RoutingKey is the integration key of PagerDuty, which other shapes do not need.
	RoutingKey string `json:"-" yaml:"-"`

	// Client sends the requests. Nil means a client that follows no redirect. If Client
	// follows a redirect without sending the alert again, Notify returns an error.
	Client *http.Client `json:"-" yaml:"-"`

	// InsecureHTTP allows a URL with http, which is not encrypted.
	InsecureHTTP bool
}

const maxAnswer = 64 << 10

// client returns what sends the requests. Without a Client it follows no redirect: a redirected
// POST becomes a GET without the alert. An alert must not wait behind the calls that it is about,
// so it does not pass a Transport that is http.DefaultTransport.
func (w Webhook) client() *http.Client {
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if w.Client != nil {
		c = *w.Client
	}
	if _, limits := http.DefaultTransport.(*transport.Transport); limits && c.Transport == nil {
		c.Transport = transport.Base()
	}
	return &c
}

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
	case !slices.Contains([]Shape{JSON, Slack, Teams, Alertmanager, PagerDuty}, w.Shape):
		err = fmt.Errorf("bad Shape %q: use JSON, Slack, Teams, Alertmanager or PagerDuty", clean(string(w.Shape), maxText))
	case w.Shape == PagerDuty && w.RoutingKey == "":
		err = errors.New("no RoutingKey: set it to the integration key that PagerDuty shows for the service")
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

// Notify posts a and returns when the server has answered, after at most a minute. It returns
// an error if the status is not 2xx, if Slack or Teams says that nothing was delivered, or,
// except with the Shape JSON, if the answer is a web page. The error wraps [ErrPermanent] unless
// the status is 408, 429 or at least 500, or the text means one of these. It wraps
// [ErrUnconfirmed] if the server got the alert and did not answer, or answered 504.
func (w Webhook) Notify(ctx context.Context, a Alert) error { return w.notifyRecipients(ctx, a, nil) }

// notifyRecipients implements recipientNotifier: the recipients of a webhook are the names of
// its postings. One that was taken is not posted again, since a pager would open an incident
// again that it has resolved.
func (w Webhook) notifyRecipients(ctx context.Context, a Alert, only []string) error {
	if err := w.Validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute-partGrace)
	defer cancel()
	all, err := w.postings(a)
	if err != nil {
		return fmt.Errorf("notify: webhook: %w", permanentError{err})
	}
	if only != nil {
		all = slices.DeleteFunc(all, func(p posting) bool { return !slices.Contains(only, p.name) })
	}
	for i, p := range all {
		err := w.post(ctx, p.body)
		if err == nil {
			continue
		}
		if i == 0 || errors.Is(err, ErrPermanent) {
			return err
		}
		some := &partialError{later: err}
		for _, p := range all[i:] {
			some.left = append(some.left, p.name)
		}
		return some
	}
	return nil
}

// post makes one request.
func (w Webhook) post(ctx context.Context, body []byte) error {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(i httptrace.WroteRequestInfo) { sent.Store(i.Err == nil) },
	})
	_, err := await(ctx, partGrace, "the Client", func() (_ struct{}, err error) { return struct{}{}, w.send(ctx, body, &sent) })
	if isStray(err) {
		u, _ := url.Parse(w.URL)
		err = unconfirmedIf(sent.Load(), quote(err, newRedactor(w.secret(u))))
	}
	if err != nil {
		return fmt.Errorf("notify: webhook: %w", err)
	}
	return nil
}

func unconfirmedIf(sent bool, err error) error {
	if sent {
		return fmt.Errorf("%w: %w", err, ErrUnconfirmed)
	}
	return err
}

// send sends a request. Its Client may be foreign.
func (w Webhook) send(ctx context.Context, body []byte, sent *atomic.Bool) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return permanentError{errors.New("bad URL")}
	}
	maps.Copy(r.Header, w.Header)
	r.Header.Set("Content-Type", "application/json")
	host, hide := r.URL.Host, newRedactor(w.secret(r.URL))
	resp, err := w.client().Do(r)
	if err != nil {
		return unconfirmedIf(sent.Load(), noAnswer(host, hide, err))
	}
	defer resp.Body.Close()
	if last := resp.Request; last != nil && last.Method != http.MethodPost {
		return permanentError{fmt.Errorf("%s redirects to %s, where the Client sent no alert: use the URL that it redirects to",
			host, clean(last.URL.Host, maxText))}
	}
	return w.judge(host, hide, resp)
}

// noAnswer explains why there is no answer.
func noAnswer(host string, hide redactor, err error) error {
	if u := new(url.Error); errors.As(err, &u) {
		err = u.Err // without the URL
	}
	hint := "check whether the URL is still valid, and whether a firewall blocks it"
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		hint = "its certificate is not trusted: if it is your own, set a Client that trusts its authority"
	}
	return fmt.Errorf("no answer from %s, %s: %w", host, hint, quote(err, hide))
}

// judge returns an error about an answer that is not a success.
func (w Webhook) judge(host string, hide redactor, resp *http.Response) error {
	status := resp.StatusCode
	good := status >= 200 && status < 300
	if good && w.Shape == JSON { // nobody knows what its answers mean
		return nil
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if good && err != nil {
		return unconfirmedIf(true, fmt.Errorf("%s answered %d, but its answer broke off: %w", host, status, quote(err, hide)))
	}
	if good {
		if status = w.meaning(string(answer)); status == http.StatusOK {
			return nil
		}
	}
	words := hide.text(string(answer)) // many servers repeat the request
	err = fmt.Errorf("%s answered %d %s", host, resp.StatusCode, clean(words, 200))
	switch {
	case status == http.StatusGatewayTimeout: // it has passed the alert on
		return unconfirmedIf(true, err)
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return err
	}
	return permanentError{fmt.Errorf("%w: check whether the URL is still valid, and which Shape it expects", err)}
}

var (
	// slackLater are the words for what may pass, in the errors of Slack.
	slackLater = regexp.MustCompile(`rate_?limit|internal|fatal|unavailable|timeout`)
	// teamsStatus is the status with which Teams refused a message, in the text of its 200.
	teamsStatus = regexp.MustCompile(`HTTP error ([45][0-9]{2})`)
	// teamsFailed is a text of Teams, or a page in HTML, for people who are not logged in.
	teamsFailed = regexp.MustCompile(`(?i)^<|failed|error`)
)

// meaning returns the status that the text of an answer with 2xx amounts to: Teams and
// Slack say there whether they have delivered the message. A page, such as for signing in,
// is of none of these services. A workflow of Teams may answer anything else.
func (w Webhook) meaning(answer string) int {
	answer = strings.TrimSpace(strings.TrimPrefix(answer, "\ufeff")) // the mark of UTF-8
	var reply struct {
		OK, Success *bool
		Error       any
	}
	no := func(b *bool) bool { return b != nil && !*b }
	isObject := strings.HasPrefix(answer, "{") && json.Unmarshal([]byte(answer), &reply) == nil
	failed := no(reply.OK) || no(reply.Success) || reply.Error != nil
	bad := false
	switch {
	case w.Shape != Slack && w.Shape != Teams:
		bad = strings.HasPrefix(answer, "<")
	case isObject && !failed, answer == "", answer == "1", strings.EqualFold(answer, "ok"):
	case w.Shape == Slack && slackLater.MatchString(answer):
		return http.StatusServiceUnavailable
	case w.Shape == Slack, isObject:
		bad = true
	case teamsStatus.MatchString(answer):
		status, _ := strconv.Atoi(teamsStatus.FindStringSubmatch(answer)[1])
		return status
	default:
		bad = teamsFailed.MatchString(answer)
	}
	if bad {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// secret returns what the errors must not show.
func (w Webhook) secret(u *url.URL) string {
	secrets := []string{strings.Trim(u.RequestURI(), "/"), w.RoutingKey}
	if u.User != nil {
		secrets = append(secrets, u.User.String())
	}
	for _, values := range w.Header {
		secrets = append(secrets, values...)
	}
	return strings.TrimSpace(strings.Join(secrets, " "))
}

// postings returns what is sent.
func (w Webhook) postings(a Alert) ([]posting, error) {
	var message any
	switch w.Shape {
	case Alertmanager:
		return a.alertmanager(), nil
	case PagerDuty:
		return a.pagerDuty(w.RoutingKey), nil
	case Slack:
		message = slackMessage(a)
	case Teams:
		message = teamsMessage(a)
	default:
		message = struct {
			Subject string `json:"subject"`
			Text    string `json:"text"`
			Alert
		}{a.Subject(), a.Text(), a}
	}
	body, err := json.Marshal(message)
	return []posting{{"message", body}}, err
}

type object = map[string]any

// slackMessage follows Slack's Block Kit: a header of at most 150 characters, and texts of
// at most 3000, which those of a page are far from.
func slackMessage(a Alert) object {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	text := func(s string) object { return object{"type": "plain_text", "text": s} }
	section := func(s string) object { return object{"type": "section", "text": text(escape.Replace(s))} }
	subject := escape.Replace(a.Subject())
	blocks := []object{{"type": "header", "text": text(clean(subject, 150))}}
	if !a.isTest() {
		p := a.page()
		blocks = append(blocks, section(p.Title))
		for _, r := range p.Rankings {
			blocks = append(blocks, section(r.Title+": "+r.line()))
		}
		if p.Share != "" {
			blocks = append(blocks, section(p.Share))
		}
		blocks = append(blocks, object{"type": "context", "elements": []object{text(escape.Replace(strings.Join(p.Foot, " ")))}})
	}
	return object{"text": clean(subject, 300), "blocks": blocks}
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
			facts = append(facts, object{"title": r.Title, "value": escape.Replace(r.line())})
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
