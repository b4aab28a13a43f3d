package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
)

// A pager is a simulated Alertmanager or PagerDuty that takes only some requests.
type pager struct {
	mu       sync.Mutex
	requests int
	bad      []string
	opened   map[string]int       // how often, by incident
	open     map[string]time.Time // until when
	resolved map[string]int
}

func (p *pager) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if p.requests++; p.requests%11 == 0 {
		return &http.Response{StatusCode: 503, Body: http.NoBody, Request: r}, nil
	}
	if strings.HasSuffix(r.URL.Path, "/enqueue") {
		p.pagerDuty(body)
	} else {
		p.alertmanager(body)
	}
	return &http.Response{StatusCode: 202, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

func (p *pager) set(incident string, until time.Time) {
	now := time.Now()
	for id, end := range p.open { // what has expired
		if !end.After(now) {
			p.resolved[id]++
			delete(p.open, id)
		}
	}
	_, isOpen := p.open[incident]
	switch {
	case until.After(now):
		if !isOpen {
			p.opened[incident]++
		}
		p.open[incident] = until
	case isOpen:
		p.resolved[incident]++
		delete(p.open, incident)
	}
}

func (p *pager) alertmanager(body []byte) {
	var alerts []struct {
		Labels, Annotations map[string]string
		StartsAt, EndsAt    time.Time
	}
	if err := json.Unmarshal(body, &alerts); err != nil || len(alerts) == 0 {
		p.bad = append(p.bad, fmt.Sprintf("%s: %v", body, err))
	}
	for _, a := range alerts {
		if a.Labels["alertname"] == "" || a.Labels["incident"] == "" || a.StartsAt.After(a.EndsAt) || a.Annotations["summary"] == "" {
			p.bad = append(p.bad, string(body))
		}
		if _, known := p.opened[a.Labels["incident"]]; !known && !a.EndsAt.After(time.Now()) {
			p.opened[a.Labels["incident"]]++ // over before it was reported: Alertmanager keeps it, and tells nobody
			p.resolved[a.Labels["incident"]]++
			continue
		}
		p.set(a.Labels["incident"], a.EndsAt)
	}
}

func (p *pager) pagerDuty(body []byte) {
	var e struct {
		RoutingKey  string `json:"routing_key"`
		EventAction string `json:"event_action"`
		DedupKey    string `json:"dedup_key"`
		Payload     struct{ Summary, Source, Severity string }
	}
	if err := json.Unmarshal(body, &e); err != nil || e.RoutingKey != "secret-key" || e.DedupKey == "" {
		p.bad = append(p.bad, fmt.Sprintf("%s: %v", body, err))
	}
	if e.EventAction == "resolve" {
		p.set(e.DedupKey, time.Time{})
		return
	}
	if e.EventAction != "trigger" || e.Payload.Summary == "" || e.Payload.Source == "" || !strings.Contains("critical error warning info", e.Payload.Severity) {
		p.bad = append(p.bad, string(body))
	}
	p.set(e.DedupKey, time.Now().Add(1000*time.Hour))
}

// Each incident of a day is opened once and resolved once, though the pager fails one of
// eleven requests: with the default rule, where most have no alert of their own, and with one
// for pagers.
func TestPagersOpenAndResolveOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	for _, url := range []string{"https://am.example/api/v2/alerts", "https://pd.example/v2/enqueue"} {
		for name, rule := range map[string]notify.Rule{"default": {}, "for a pager": {Cooldown: -1, PerHour: 100, PerDay: 1000}} {
			t.Run(url+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { aDayOfPaging(t, url, rule) })
			})
		}
	}
}

func aDayOfPaging(t *testing.T, url string, rule notify.Rule) {
	p := &pager{opened: map[string]int{}, open: map[string]time.Time{}, resolved: map[string]int{}}
	shape := notify.Alertmanager
	if strings.HasSuffix(url, "enqueue") {
		shape = notify.PagerDuty
	}
	rule.Logger = quiet()
	a := notify.New(notify.Webhook{URL: url, Shape: shape, RoutingKey: "secret-key", Client: &http.Client{Transport: p}}, rule)
	begin := time.Now()
	for i := range 40 {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * 36 * time.Minute)))
		for range 1 + i%3*5 { // minutes
			burst(a, 20)
			time.Sleep(time.Minute)
		}
	}
	time.Sleep(24 * time.Hour)
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	p.set("", time.Time{})
	if len(p.bad) > 0 {
		t.Errorf("got %d bad requests, such as %s", len(p.bad), p.bad[0])
	}
	if len(p.opened) != 40 || len(p.open) > 0 {
		t.Errorf("%d incidents were opened and %d are open, want 40 and none", len(p.opened), len(p.open))
	}
	for id, n := range p.opened {
		if n != 1 || p.resolved[id] != 1 {
			t.Errorf("%s was opened %d times and resolved %d times, want once", id, n, p.resolved[id])
		}
	}
}

// pagerDuty returns a Webhook in the shape of PagerDuty, whose server answers each action with a
// status.
func pagerDuty(status func(action string) int) notify.Webhook {
	server := roundTripper(func(r *http.Request) (*http.Response, error) {
		var event struct {
			Action string `json:"event_action"`
		}
		json.NewDecoder(r.Body).Decode(&event)
		return &http.Response{StatusCode: status(event.Action), Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	})
	return notify.Webhook{URL: "https://pd.example/v2/enqueue", Shape: notify.PagerDuty, RoutingKey: "secret-key", Client: &http.Client{Transport: server}}
}

// A pager whose triggers take longer than its resolves must not get them in the wrong order:
// it would keep the incident open for ever. The trigger is retried here when the incident
// ends, or the Alerter closes.
func TestRetriedTriggerComesBeforeItsEnd(t *testing.T) {
	for _, closes := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var actions []string
			var up atomic.Bool
			hook := pagerDuty(func(action string) int {
				status := 202
				if action == "trigger" {
					if !up.Load() {
						status = 503
					}
					time.Sleep(10 * time.Second)
				}
				if status == 202 {
					actions = append(actions, action)
				}
				return status
			})
			a := notify.New(hook, notify.Rule{Logger: quiet(), Within: time.Minute, Retries: []time.Duration{time.Hour}})
			burst(a, 20)
			time.Sleep(50 * time.Minute)
			up.Store(true)
			if !closes {
				time.Sleep(time.Hour)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			if fmt.Sprint(actions) != "[trigger resolve]" {
				t.Errorf("closed before the retry: %v: got %v, want a trigger and then a resolve", closes, actions)
			}
		})
	}
}

// A trigger that cannot be delivered before the program ends stays in the Store, and so do
// the alerts behind it on the same route: the next program delivers all, in order. Another
// route gets them at once.
func TestNothingOvertakesATriggerThatIsLeftInTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var actions []string
		down := true
		hook := pagerDuty(func(action string) int {
			status := 202
			if down && action == "trigger" {
				status = 503
			}
			actions = append(actions, fmt.Sprint(action, status))
			return status
		})
		mail, store := new(inbox), notify.Dir(t.TempDir())
		var out bytes.Buffer
		logger := zerolog.New(&out)
		program := func() *notify.Alerter {
			return notify.New(notify.Routes{
				{Name: "pager", To: hook},
				{Name: "mail", To: mail},
			}, notify.Rule{Logger: &logger, Within: time.Minute, Retries: []time.Duration{time.Hour}, Store: store})
		}
		a := program()
		burst(a, 20)
		time.Sleep(30 * time.Minute)
		if err := a.Close(); err == nil || !strings.Contains(err.Error(), "answered 503") {
			t.Errorf("Close: got %v, want the answer of the pager", err)
		}
		if n := len(mail.got()); n != 2 {
			t.Errorf("before the restart the other route got %d alerts, want the first and the last", n)
		}
		if !strings.Contains(out.String(), "waits for an earlier alert") {
			t.Errorf("log: got %s, want a line about the alert that waits", &out)
		}
		down = false
		a = program()
		time.Sleep(time.Hour)
		if err := a.Close(); err != nil {
			t.Errorf("Close after the restart: got %v, want nil", err)
		}
		if got := fmt.Sprint(actions); got != "[trigger503 trigger503 trigger202 resolve202]" {
			t.Errorf("got %s, want a trigger and then a resolve after the restart", got)
		}
		if n := len(mail.got()); n != 2 {
			t.Errorf("the other route got %d alerts, want none again after the restart", n)
		}
	})
}

// While a program that ends still delivers an alert to one route, no other program delivers
// it there too because another route has failed.
func TestTheNextProgramDeliversOnlyWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := notify.Dir(t.TempDir())
		var paged time.Time // by the one that stays
		program := func(name string, mails, pages *[]string) *notify.Alerter {
			return notify.New(notify.Routes{
				{Name: "pager", To: notify.NotifierFunc(func(context.Context, notify.Alert) error {
					*pages = append(*pages, name)
					if name == "ends" {
						return errors.New("down")
					}
					paged = time.Now()
					return nil
				})},
				{Name: "mail", To: notify.NotifierFunc(func(context.Context, notify.Alert) error {
					time.Sleep(20 * time.Second)
					*mails = append(*mails, name)
					return nil
				})},
			}, notify.Rule{Count: 1, Gather: -1, Logger: new(zerolog.Nop()), Retries: []time.Duration{time.Hour}, Store: store})
		}
		var mails, pages, others, otherPages []string
		ends, stays := program("ends", &mails, &pages), program("stays", &others, &otherPages)
		burst(ends, 1)
		time.Sleep(2 * time.Second)
		burst(stays, 1) // it looks at the Store from now on
		ends.Close()
		closed := time.Now()
		time.Sleep(5 * time.Minute)
		stays.Close()
		if d := paged.Sub(closed); d > 10*time.Second {
			t.Errorf("pager: got the alert %v after the one that ends was closed, want it at the next look, within 10s", d)
		}
		if fmt.Sprint(mails, others) != "[ends] []" {
			t.Errorf("mails: got %v of the one that ends and %v of the other, want one of the first", mails, others)
		}
		if fmt.Sprint(pages, otherPages) != "[ends ends] [stays]" {
			t.Errorf("pager: got %v and %v, want two attempts in vain and one that succeeds", pages, otherPages)
		}
	})
}

// A test opens an incident and resolves it, and the key is in no error.
func TestPagerTest(t *testing.T) {
	p := &pager{opened: map[string]int{}, open: map[string]time.Time{}, resolved: map[string]int{}}
	w := notify.Webhook{URL: "https://pd.example/v2/enqueue", Shape: notify.PagerDuty, RoutingKey: "secret-key", Client: &http.Client{Transport: p}}
	a := notify.New(w, notify.Rule{Logger: quiet()})
	defer a.Close()
	if err := a.SendTest(t.Context()); err != nil || len(p.opened) != 1 || len(p.open) != 0 || len(p.bad) > 0 {
		t.Errorf("got %v, %+v; want an incident opened and resolved", err, p)
	}
	p.requests = 10 // the next one fails
	if err := a.SendTest(t.Context()); err == nil || strings.Contains(err.Error(), "secret-key") {
		t.Errorf("got %v, want the 503 without the key", err)
	}
	w.RoutingKey = ""
	wantError(t, w.Validate(), notify.ErrPermanent, "RoutingKey")
}

// PagerDuty gets each incident by its key.
func ExampleWebhook_pagerDuty() {
	w := notify.Webhook{URL: "https://events.pagerduty.com/v2/enqueue", Shape: notify.PagerDuty, RoutingKey: "the integration's key"}
	alerts := notify.New(w, notify.Rule{Cooldown: -1, PerHour: 100, PerDay: 1000})
	fmt.Println(w.Validate(), alerts.Close())
	// Output: <nil> <nil>
}

func quiet() *zerolog.Logger {
	l := zerolog.Nop()
	return &l
}
