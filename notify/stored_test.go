package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// A diary is what several Notifiers note: who got which alert when.
type diary struct {
	mu    sync.Mutex
	begin time.Time
	lines []string
}

// A diarist is a Notifier with several recipients that keeps a diary.
type diarist struct {
	*diary
	all []string
}

func (d diarist) Notify(ctx context.Context, a Alert) error { return d.notifyRecipients(ctx, a, d.all) }

func (d diarist) notifyRecipients(_ context.Context, a Alert, recipients []string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, who := range recipients {
		d.lines = append(d.lines, strings.Join([]string{time.Since(d.begin).Round(time.Minute).String(), who, string(a.Condition), string(a.Phase)}, " "))
	}
	return nil
}

// restart starts a program in the middle of what the fixture's program was killed in:
// an incident of Throttled of which only anna knows, one of Failing that is muted, and one
// of Saturated that waits for a digest. It returns what was sent until all was over.
func restart(t *testing.T, stored string) []string {
	quiet := zerolog.Nop()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(stored)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3*time.Hour + 36*time.Minute) // synctest begins in 2000, the fixture was written at 03:35:30
	d := &diary{begin: time.Now()}
	a := New(Routes{
		{Name: "mail", To: diarist{d, []string{"anna@example.com", "bob@example.com"}}},
		{Name: "chat", To: diarist{d, []string{"chat"}}, Conditions: []Condition{Throttled}},
	}, Rule{Store: Dir(dir), Tenant: "acme", MaxDelay: 2 * time.Second, Logger: &quiet})
	for range 10 {
		time.Sleep(10 * time.Second)
		for range 10 {
			a.Observe(t.Context(), transport.Event{Kind: transport.RateLimited, Time: time.Now(), Status: 429, Attempt: 1})
		}
	}
	time.Sleep(2 * time.Hour)
	if err := a.Close(); err != nil {
		t.Errorf("Close: got %v, want nil", err)
	}
	slices.Sort(d.lines)
	return d.lines
}

// A program that was killed is restarted with this version: open incidents continue,
// nobody gets an alert twice, what was muted or pending is still delivered.
func TestTheFirstVersionsStateIsRead(t *testing.T) {
	if testing.Short() {
		t.Skip("slow under the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		files, err := filepath.Glob("testdata/state-v0/*.json")
		if err != nil || len(files) != 1 {
			t.Fatalf("fixtures: got %v, %v, want one", files, err)
		}
		want := []string{
			"0s anna@example.com throttled escalated", // she has the first one
			"0s bob@example.com throttled escalated",
			"0s bob@example.com throttled firing",
			"0s chat throttled escalated",
			"0s chat throttled firing",
			"1h41m0s anna@example.com saturated digest",
			"1h41m0s bob@example.com saturated digest",
			"59m0s anna@example.com failing digest", // the mute has ended
			"59m0s anna@example.com throttled digest",
			"59m0s bob@example.com failing digest",
			"59m0s bob@example.com throttled digest",
			"59m0s chat throttled digest",
		}
		if diff := cmp.Diff(want, restart(t, "testdata/state-v0")); diff != "" {
			t.Errorf("alerts (-want +got):\n%s", diff)
		}
	})
}

// No field of the first version's state gets lost.
func TestTheFirstVersionsFieldsAreKept(t *testing.T) {
	files, _ := filepath.Glob("testdata/state-v0/*.json")
	stored, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	state, err := decodeState(stored)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := state.encode()
	if err != nil {
		t.Fatal(err)
	}
	got := paths(t, encoded)
	places := strings.NewReplacer(".incidents.0.", ".incidents.saturated.", ".incidents.1.", ".incidents.throttled.", ".incidents.2.", ".incidents.failing.")
	for path := range paths(t, []byte(namesV0.Replace(string(stored)))) {
		path = places.Replace(path)
		if !got[path] && !got[path+".route"] { // a target was a line of text
			t.Errorf("field %s: got it lost, want it kept", path)
		}
	}
}

// In version 0 only a request that was retried had a delay.
func TestWhatTheFirstVersionDidNotStore(t *testing.T) {
	s, err := decodeState([]byte(`{"Courses":[{"Sum":{"delay_ns":1}},{"Sum":{"delay_ns":0},"Past":{"delay_ns":1},"Held":{"delay_ns":1}}],
		"Outbox":[{"ID":"a","Alert":{"delay_ns":1},"Routes":["mail\nbob","chat"]},{"ID":"b","Alert":{"delay_ns":0}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	c := s.Incidents
	if !c.Saturated.Sum.Again || c.Throttled.Sum.Again || !c.Throttled.PreviousSum.Again || !c.Throttled.UnreportedSum.Again || !s.Pending[0].Alert.Again || s.Pending[1].Alert.Again {
		t.Errorf("got %+v, want those with a delay to be retried", s)
	}
	if diff := cmp.Diff([]target{{Route: "mail", Recipients: []string{"bob"}}, {Route: "chat"}}, s.Pending[0].Targets, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("got other targets than wanted (-want +got):\n%s", diff)
	}
}

// paths returns where a JSON text has a value that is not zero, in lower case.
func paths(t *testing.T, text []byte) map[string]bool {
	var all any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, v := range v {
				walk(path+"."+strings.ToLower(k), v)
			}
		case []any:
			for i, v := range v {
				walk(fmt.Sprint(path, ".", i), v)
			}
		default:
			if v != "" && v != 0.0 && v != false && v != "0001-01-01T00:00:00Z" {
				found[path] = true
			}
		}
	}
	walk("", all)
	return found
}

// State of a later version is left as it is: the log says what to do, and the program
// counts alone.
func TestALaterVersionsStateIsNotOverwritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const later = `{"version":2,"now":"2000-01-01T00:00:00Z"}`
		const key = "alert of 429s acme"
		dir, log, alerts := Dir(t.TempDir()), new(bytes.Buffer), 0
		if ok, err := dir.CompareAndSwap(t.Context(), key, nil, []byte(later), 0); !ok || err != nil {
			t.Fatalf("CompareAndSwap: got %v, %v, want true, nil", ok, err)
		}
		logger := zerolog.New(log)
		a := New(NotifierFunc(func(context.Context, Alert) error { alerts++; return nil }), Rule{Store: dir, Tenant: "acme", Logger: &logger})
		for range 30 {
			a.Observe(t.Context(), transport.Event{Kind: transport.RateLimited, Time: time.Now(), Status: 429, Attempt: 1})
		}
		time.Sleep(time.Hour)
		if err := a.Close(); err != nil {
			t.Errorf("Close: got %v, want nil", err)
		}
		if alerts != 2 {
			t.Errorf("alerts: got %d, want the first and the last", alerts)
		}
		if got, err := dir.Load(t.Context(), key); string(got) != later || err != nil {
			t.Errorf("stored: got %s, %v, want %s", got, err, later)
		}
		for _, want := range []string{"version 2", "versions up to 1", "update this program"} {
			if n := strings.Count(log.String(), want); n != 1 {
				t.Errorf("log: got %q %d times, want once:\n%s", want, n, log)
			}
		}
	})
}

// What is stored has a version, snake_case names, and conditions by name.
func TestNamesInAStore(t *testing.T) {
	var s sharedState
	s.Incidents.Throttled.ID = "x-throttled"
	s.Pending = []pendingAlert{{ID: "x", Targets: []target{{Route: "mail", Recipients: []string{"bob@example.com"}}}}}
	stored, err := s.encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"version":1`, `"throttled":{"id":"x-throttled"`, `"targets":[{"route":"mail","recipients":["bob@example.com"]}]`} {
		if !strings.Contains(string(stored), want) {
			t.Errorf("stored: got %s, want %s in it", stored, want)
		}
	}
	if name := regexp.MustCompile(`"[^"]*[A-Z][^"]*":`).FindString(string(stored)); name != "" {
		t.Errorf("stored: got the name %s, want snake_case only", name)
	}
	back, err := decodeState(stored)
	s.Version = stateVersion
	if diff := cmp.Diff(s, back, cmp.AllowUnexported(sharedState{}, incident{}), cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("read back (-want +got): %v\n%s", err, diff)
	}
}
