package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/client"
)

// An index answers searches for what was created since a time, as Aprimo does:
// by age, and no deeper than its ceiling.
type index struct {
	created  []time.Time // of the records, oldest first
	requests int
	silent   bool                   // it does not count the results
	fault    func(request int) bool // answers 500
}

var parameter = regexp.MustCompile(`"parameters":\["([^"]+)"\]`)

func (x *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.requests++
	if x.fault != nil && x.fault(x.requests) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, _ := io.ReadAll(r.Body)
	var since time.Time
	if found := parameter.FindSubmatch(body); found != nil {
		since, _ = time.Parse(time.RFC3339, string(found[1]))
	}
	page, size := 1, 50
	fmt.Sscan(r.URL.Query().Get("page"), &page)
	fmt.Sscan(r.URL.Query().Get("pageSize"), &size)
	first := sort.Search(len(x.created), func(i int) bool { return !x.created[i].Truncate(time.Millisecond).Before(since) })
	older := first
	first = min(len(x.created), first+(page-1)*size)
	text := fmt.Appendf(nil, `{"page":%d,"pageSize":%d,"items":[`, page, size)
	for i, at := range x.created[first:min(len(x.created), first+size)] {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(strconv.AppendInt(append(text, `{"id":"`...), int64(first+i), 10), `","createdOn":"`...)
		text = append(at.AppendFormat(text, time.RFC3339Nano), `"}`...)
	}
	text = append(text, ']')
	if !x.silent {
		text = fmt.Appendf(text, `,"totalCount":%d`, len(x.created)-older)
	}
	w.Write(append(text, '}'))
}

func TestAnExportGivesEachRecordOnceWhateverTheirAgesAndInterruptions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := &index{}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for range rapid.IntRange(0, 3).Draw(t, "groups") {
			at = at.Add(time.Duration(rapid.IntRange(1, 3_000_000).Draw(t, "later, ns")))
			for range rapid.SampledFrom([]int{1, 2, 999, 1000, 1001, 2100}).Draw(t, "together") {
				x.created = append(x.created, at)
			}
		}
		leave := rapid.IntRange(700, 4000).Draw(t, "leave after")
		c, err := client.New("acme", static("x"), client.WithHTTPClient(&http.Client{Transport: base(x.ServeHTTP)}))
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]int)
		var checkpoint client.Checkpoint
		for ended := false; !ended; {
			export := c.Records.Export(client.Expression{}, resumed(t, checkpoint))
			n := 0
			ended = true
			for rec, err := range export.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				got[rec.ID]++
				if n++; n == leave {
					ended = false
					break
				}
			}
			checkpoint = export.Checkpoint()
		}
		for i := range x.created {
			if got[fmt.Sprint(i)] != 1 {
				t.Fatalf("record %d of %d: got it %d times, want once", i, len(x.created), got[fmt.Sprint(i)])
			}
		}
	})
}

// resumed returns a checkpoint as it comes back from a file.
func resumed(t *rapid.T, c client.Checkpoint) (back client.Checkpoint) {
	data, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(data, &back)
	}
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// Under -short the race detector runs, and what that needs would be measured too.
func TestAnExportOfAHundredThousandRecordsNeedsHardlyMoreRequestsThanPagesAndLittleMemory(t *testing.T) {
	const page = 1000
	pages := 100
	if testing.Short() {
		pages = 20
	}
	x := &index{}
	for i := range pages * page {
		x.created = append(x.created, time.Unix(int64(i), 0).UTC())
	}
	c := newClient(t, x.ServeHTTP)
	seen, n, used := make([]bool, pages*page), 0, map[int]uint64{}
	for rec, err := range c.Records.Export(client.Expression{}, client.Checkpoint{}).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if i, err := strconv.Atoi(rec.ID); err == nil && !seen[i] {
			seen[i] = true
			n++
		}
		if (n == 10_500 || n == 90_500) && used[n] == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			used[n] = m.HeapAlloc
		}
	}
	if n != pages*page || x.requests > pages+2 {
		t.Errorf("got %d records with %d requests, want %d with at most %d", n, x.requests, pages*page, pages+2)
	}
	t.Logf("in use after 10,500 records %d KiB, after 90,500 %d KiB", used[10_500]>>10, used[90_500]>>10)
	if !testing.Short() && used[90_500] > used[10_500]+1<<20 {
		t.Errorf("got %d bytes in use after 10,500 records, %d after 90,500, want at most 1 MiB more", used[10_500], used[90_500])
	}
}

func TestAnExportGoesOnAfterAnError(t *testing.T) {
	x := &index{fault: func(n int) bool { return n == 2 }}
	for i := range 2500 {
		x.created = append(x.created, time.Unix(int64(i), 0).UTC())
	}
	c := newClient(t, x.ServeHTTP)
	export := c.Records.Export(client.Expression{Text: "Status = 'released'"}, client.Checkpoint{})
	n, failures := 0, 0
	for range 2 {
		for _, err := range export.All(t.Context()) {
			if err != nil {
				failures++
				continue
			}
			n++
		}
	}
	if n != 2500 || failures != 1 {
		t.Errorf("got %d records, %d errors, want 2500, 1", n, failures)
	}
}

func TestAnExportRefusesWhatIsNotSorted(t *testing.T) {
	for name, items := range map[string]string{
		"older":         `{"id":"1","createdOn":"2026-01-02T00:00:00Z"},{"id":"2","createdOn":"2026-01-01T00:00:00Z"}`,
		"without a day": `{"id":"1"}`,
		"without an id": `{"createdOn":"2026-01-02T00:00:00Z"}`,
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, `{"items":[%s]}`, items) })
		var last error
		for _, err := range c.Records.Export(client.Expression{}, client.Checkpoint{}).All(t.Context()) {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), "export") {
			t.Errorf("%s: got error %v, want one about the export", name, last)
		}
	}
}

// The checkpoint in testdata was written before checkpoints had a version, after the fourth
// of five records.
func TestAnUnversionedCheckpointIsResumed(t *testing.T) {
	var from client.Checkpoint
	readJSON(t, "checkpoint-unversioned.json", &from)
	x := &index{}
	for i := range 5 {
		x.created = append(x.created, time.Unix(int64(1_700_000_000+i/2), 0).UTC())
	}
	var got []string
	export := newClient(t, x.ServeHTTP).Records.Export(client.Expression{}, from)
	for rec, err := range export.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rec.ID)
	}
	if want := []string{"4"}; !slices.Equal(got, want) {
		t.Errorf("got the records %v, want %v", got, want)
	}
	if c := export.Checkpoint(); c.Version != 1 || c.Tenant != "acme" || len(c.Expression) != 64 {
		t.Errorf("got a checkpoint %+v, want version 1, the tenant acme and a SHA-256", c)
	}
}

func TestACheckpointOfAnotherExportIsRefused(t *testing.T) {
	c := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("got a request, want none") })
	e := client.Expression{Text: "Title = ?", Parameters: []any{"a"}}
	good := c.Records.Export(e, client.Checkpoint{}).Checkpoint()
	for _, test := range []struct {
		name       string
		change     func(*client.Checkpoint)
		expression client.Expression
		want       string
	}{
		{"newer version", func(c *client.Checkpoint) { c.Version = 2 }, e, "the checkpoint has version 2, this release reads up to 1: update the module, or start from the zero Checkpoint"},
		{"tenant", func(c *client.Checkpoint) { c.Tenant = "other" }, e, `the checkpoint belongs to the tenant "other", not "acme"`},
		{"expression", func(*client.Checkpoint) {}, client.Expression{Text: "Title = ?", Parameters: []any{"b"}}, "the checkpoint belongs to another expression"},
		{"expression that is no JSON", func(*client.Checkpoint) {}, client.Expression{Parameters: []any{func() {}}}, "encoding the expression"},
	} {
		from := good
		from.IDs = []string{"1"}
		test.change(&from)
		export := c.Records.Export(test.expression, from)
		var errs []string
		for _, err := range export.All(t.Context()) {
			errs = append(errs, fmt.Sprint(err))
		}
		if len(errs) != 1 || !strings.Contains(errs[0], test.want) {
			t.Errorf("%s: got errors %q, want one with %q", test.name, errs, test.want)
		}
		if test.expression.Text != "" && fmt.Sprint(export.Checkpoint()) != fmt.Sprint(from) {
			t.Errorf("%s: got the checkpoint %v, want the refused one, %v", test.name, export.Checkpoint(), from)
		}
	}
}

// The total of the progress is that of what an Export will yield, after a checkpoint too.
func TestExportProgress(t *testing.T) {
	x := &index{created: make([]time.Time, 2500)}
	for i := range x.created {
		x.created[i] = time.Date(2026, 1, 1, 0, 0, i/3, 0, time.UTC) // three at a time
	}
	c, err := client.New("acme", static("x"), client.WithHTTPClient(&http.Client{Transport: base(x.ServeHTTP)}))
	if err != nil {
		t.Fatal(err)
	}
	want := func(export *client.Export, done, total int64) {
		t.Helper()
		if d, all := export.Progress(); d != done || all != total {
			t.Errorf("got %d of %d, want %d of %d", d, all, done, total)
		}
	}
	read := func(export *client.Export, n int) {
		t.Helper()
		for _, err := range export.All(t.Context()) {
			if n--; err != nil {
				t.Fatal(err)
			} else if n == 0 {
				return
			}
		}
	}
	export := c.Records.Export(client.Expression{}, client.Checkpoint{})
	want(export, 0, -1)
	read(export, 1)
	want(export, 1, 2500)
	read(export, 1100)
	want(export, 1101, 2500)
	rest := c.Records.Export(client.Expression{}, export.Checkpoint())
	read(rest, 1)
	want(rest, 1, 1399)
	read(rest, 9999)
	want(rest, 1399, 1399)
	x.silent = true
	export = c.Records.Export(client.Expression{}, client.Checkpoint{})
	read(export, 9999)
	want(export, 2500, -1)
}
