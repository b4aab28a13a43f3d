package notify

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// A diary is a Notifier with several recipients that notes who got which alert when.
type diary struct {
	mu    sync.Mutex
	name  string
	all   []string
	only  []string
	lines *[]string
	begin time.Time
}

func (d *diary) to(recipients []string) Notifier {
	return &diary{name: d.name, all: d.all, only: recipients, lines: d.lines, begin: d.begin}
}

func (d *diary) Notify(_ context.Context, a Alert) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, who := range d.all {
		if d.only == nil || slices.Contains(d.only, who) {
			*d.lines = append(*d.lines, strings.Join([]string{time.Since(d.begin).Round(time.Minute).String(), who, string(a.Level), string(a.Phase)}, " "))
		}
	}
	return nil
}

// restart starts a program in the middle of what the fixture's program was killed in:
// an incident of Throttled of which only anna knows, one of Failing that is muted, and one
// of Saturated that waits for a digest. It returns what it told until all was over.
func restart(t *testing.T, stored string) (lines []string) {
	quiet := zerolog.Nop()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(stored)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3*time.Hour + 36*time.Minute) // synctest begins in 2000, the fixture was written at 03:35:30
	begin := time.Now()
	a := New(Routes{
		{Name: "mail", To: &diary{all: []string{"anna@example.com", "bob@example.com"}, lines: &lines, begin: begin}},
		{Name: "chat", To: &diary{all: []string{"chat"}, lines: &lines, begin: begin}, Levels: []Level{Throttled}},
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
	slices.Sort(lines)
	return lines
}

// A program that was killed is started again with this version: open incidents go on,
// nobody gets an alert twice, what was muted or pending is still delivered.
func TestTheFirstVersionsStateIsRead(t *testing.T) {
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
