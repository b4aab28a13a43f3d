package notify

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport"
)

// A world is an Alerter without goroutines: boards that are written and read back,
// processes that are started again with a clock that is set back, an hour in a
// millisecond.
type world struct {
	t     *rapid.T
	r     Rule
	saved []byte
	now   time.Time
	off   time.Duration // of the wall's clock
	id    int
	seq   uint64

	hits     int // counted
	reported map[string]bool
	ended    map[string]bool
	number   map[string]int
	mails    []time.Time
	opened   []time.Time
	sum      map[string]int
}

func (w *world) step(hits int, muted mute, closing bool) *sharedState {
	b, err := decodeState(w.saved)
	if err != nil {
		w.t.Fatal(err)
	}
	w.seq++
	d := delta{id: fmt.Sprint(w.id), seq: w.seq, now: w.now.Add(w.off), mute: muted, closing: closing, newID: fmt.Sprint(w.seq)}
	for range hits {
		d.observe(transport.Event{Kind: transport.RateLimited, User: "u"}, d.now, w.r, false)
		w.hits++
	}
	if b.Now.Sub(d.now) > time.Minute { // as Alerter.exchange
		w.off += b.Now.Sub(d.now)
	}
	out := b.apply(d, w.r, func(Condition) []target { return []target{{Route: "mail"}} })
	for _, o := range out {
		w.mail(o.Alert)
		b.remove(receipt{o.ID, "mail"})
	}
	w.saved, _ = b.encode()
	return &b
}

func (w *world) mail(a Alert) {
	key := fmt.Sprint(a.Incident, a.Phase == Digest)
	if a.Number <= w.number[key] {
		w.t.Fatalf("number: got %d, want more than %d", a.Number, w.number[key])
	}
	w.number[key] = a.Number
	w.mails = append(w.mails, w.now)
	if n := len(w.mails); n > w.r.PerHour && w.now.Sub(w.mails[n-1-w.r.PerHour]) < time.Hour ||
		n > w.r.PerDay && w.now.Sub(w.mails[n-1-w.r.PerDay]) < 24*time.Hour {
		w.t.Fatalf("mails: got too many at %v, want what the rule allows", w.mails)
	}
	switch a.Phase {
	case Firing:
		if w.reported[a.Incident] && len(a.Unreported) == 0 && a.Number == 1 && w.ended[a.Incident] {
			w.t.Fatalf("%s began again after its end, want no more of it", a.Incident)
		}
		if n := len(w.opened); n > 0 && w.now.Sub(w.opened[n-1]) < w.r.Cooldown {
			w.t.Fatal("two incidents opened within the cool-down, want one")
		}
		w.opened = append(w.opened, w.now)
		w.reported[a.Incident] = true
	case Resolved:
		w.end(a.Incident, a.Total)
	}
	for _, u := range a.Unreported {
		w.reported[u.Incident] = true
		if !u.Ended.IsZero() {
			w.end(u.Incident, u.Total)
		}
	}
}

func (w *world) end(incident string, total int) {
	if w.ended[incident] {
		w.t.Fatalf("the end of %s is reported twice, want once", incident)
	}
	w.ended[incident] = true
	w.sum[incident] = total
}

// Whatever happens: each incident is reported, and its end once, with
// every event that belongs to it; there are never more mails than there may be.
func TestNoIncidentIsLostAndNoneReportedTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and of one goroutine")
	}
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), reported: map[string]bool{}, ended: map[string]bool{}, number: map[string]int{}, sum: map[string]int{}}
		w.r = Rule{Count: rapid.IntRange(1, 30).Draw(t, "count"), Store: Dir(""), Lost: -1,
			PerDay: rapid.IntRange(2, 30).Draw(t, "a day"), Gather: time.Duration(rapid.IntRange(-1, 30).Draw(t, "gather")) * time.Second}.withDefaults()
		seen := map[string]bool{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			hits, muted, closing := 0, mute{}, false
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0: // a new process, whose clock may be set back
				w.id++
				w.off += time.Duration(rapid.IntRange(-300, 0).Draw(t, "clock")) * time.Minute
			case 1:
				muted = mute{Until: w.now.Add(w.off + time.Duration(rapid.IntRange(-10, 300).Draw(t, "mute"))*time.Minute), Since: w.now.Add(w.off)}
			case 2:
				closing = true
			default:
				hits = rapid.IntRange(0, 60).Draw(t, "hits")
			}
			b := w.step(hits, muted, closing)
			note(seen, b)
			for range rapid.IntRange(0, 20).Draw(t, "ticks") {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "wait")) * time.Second)
				note(seen, w.step(0, mute{}, false))
			}
		}
		for range 20 * 24 * 12 { // then it is calm until all has been reported
			w.now = w.now.Add(5 * time.Minute)
			b := w.step(0, mute{}, false)
			note(seen, b)
			if !b.busy(w.r) {
				break
			}
		}
		for incident := range seen {
			if !w.reported[incident] || !w.ended[incident] {
				t.Fatalf("%s: got start reported %v, end reported %v, want both", incident, w.reported[incident], w.ended[incident])
			}
		}
		sum := 0
		for _, n := range w.sum {
			sum += n
		}
		if sum > w.hits {
			t.Fatalf("events: got %d reported, want %d at most", sum, w.hits)
		}
	})
}

func note(seen map[string]bool, b *sharedState) {
	if c := &b.Incidents.Throttled; !c.isOK() {
		seen[c.ID] = true
	}
}

// An alert that reports the end of an earlier incident waits for those about that one.
func TestClaimedInOrder(t *testing.T) {
	begun := pendingAlert{ID: "a", Alert: Alert{Incident: "first", Condition: Throttled}, Targets: []target{{Route: "pager"}}}
	ended := pendingAlert{ID: "b", Alert: Alert{Incident: "second", Condition: Throttled, Unreported: []Summary{{Incident: "first", Opened: true}}}, Targets: []target{{Route: "pager"}}}
	other := pendingAlert{ID: "c", Alert: Alert{Incident: "third", Condition: Failing}, Targets: []target{{Route: "pager"}}}
	s := sharedState{Pending: []pendingAlert{begun, ended, other}}
	want := func(done []receipt, ids ...string) {
		t.Helper()
		for _, r := range done {
			s.remove(r)
		}
		var got []string
		for _, p := range s.claim(delta{}, Rule{}) {
			got = append(got, p.ID)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("got the alerts %q to deliver, want %q", got, ids)
		}
	}
	want(nil, "a", "c")
	want([]receipt{{"a", "pager"}}, "b", "c")
}

// A process that closes delivers all its alerts, but none before an earlier one about the
// incident that another process delivers: it leaves those to the others.
func TestClaimedInOrderByAProcessThatCloses(t *testing.T) {
	pending := func(id, sender string) pendingAlert {
		return pendingAlert{ID: id, Sender: sender, Alert: Alert{Incident: "one", Condition: Throttled}, Targets: []target{{Route: "pager"}}}
	}
	for first, want := range map[string]string{"we": "[begun ended again]", "they": "[]", "": "[]"} {
		s := sharedState{Pending: []pendingAlert{pending("begun", first), pending("ended", "we"), pending("again", "we")}}
		got, left := []string{}, ""
		for _, p := range s.claim(delta{id: "we", closing: true}, Rule{}) {
			got = append(got, p.ID)
		}
		for _, p := range s.Pending {
			left += " " + p.Sender
		}
		if fmt.Sprint(got) != want {
			t.Errorf("first alert of %q: got %v to deliver, want %s", first, got, want)
		}
		if others := " " + first + "  "; first != "we" && left != others {
			t.Errorf("first alert of %q: got the senders %q afterwards, want %q", first, left, others)
		}
	}
}
