package aprimotest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

const profileText = `{
	"version": 1,
	"tenant": "acme",
	"measured": "2026-11-27T08:00:00Z",
	"requestsPerSecond": 2,
	"requestsPerSecondDoubt": 0.1,
	"queue": 3,
	"queueDoubt": 1,
	"release": "EvenlySpaced",
	"releaseSure": true,
	"rejected": {"retryAfter": "7", "contentType": "application/json", "body": "{\"message\":\"busy\"}"},
	"serviceMilliseconds": {"GET /api/core/records": 250},
	"sharesLimit": {"uploads": true}
}`

func TestReadProfile(t *testing.T) {
	got, err := aprimotest.ReadProfile(strings.NewReader(profileText))
	want := &aprimotest.Profile{
		Version: 1, Name: "acme", Measured: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC),
		Rate: 2, RateDoubt: 0.1, Queue: 3, QueueDoubt: 1, Release: aprimotest.EvenlySpaced, ReleaseSure: true,
		Rejected:            &aprimotest.RejectedAnswer{RetryAfter: "7", ContentType: "application/json", Body: `{"message":"busy"}`},
		ServiceMilliseconds: map[string]float64{"GET /api/core/records": 250},
		SharesLimit:         map[string]bool{"uploads": true},
	}
	if err != nil || !cmp.Equal(got, want) {
		t.Fatalf("got error %v, and a profile that differs:\n%s", err, cmp.Diff(want, got))
	}
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := aprimotest.ReadProfile(strings.NewReader(string(data))); err != nil || !cmp.Equal(again, want) {
		t.Errorf("written and read again: got error %v, and a profile that differs:\n%s", err, cmp.Diff(want, again))
	}
}

func TestReadProfileRefuses(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{profileText, "", "unexpected end of JSON"},
		{profileText, `[1]`, "cannot unmarshal array"},
		{profileText, `{}`, "this is no profile"},
		{profileText, strings.Repeat(" ", 1<<20) + "{}", "longer than 1048576 bytes"},
		{`"version": 1`, `"version": 2`, "version 2: only 1 is known"},
		{`"acme"`, `""`, "no tenant"},
		{`Second": 2`, `Second": -2`, "requestsPerSecond -2: must be 0 to"},
		{`Second": 2`, `Second": 2000000`, "requestsPerSecond 2000000: must be 0 to"},
		{`"queue": 3`, `"queue": -2`, "queue -2: must be -1 to"},
		{"EvenlySpaced", "Leaky", `release "Leaky": must be TokenBucket`},
		{": 250", ": -250", `serviceMilliseconds of "GET /api/core/records": -250: must be 0 to`},
		{`"retryAfter": "7"`, `"retryDateSeconds": 1000000000`, "retryDateSeconds 1000000000: must be 0 to"},
	} {
		text := strings.Replace(profileText, c.old, c.new, 1)
		if _, err := aprimotest.ReadProfile(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q instead of %.40q: got error %v, want %q", c.new, c.old, err, c.want)
		}
	}
}

// A tenant from a profile is as slow, as strict and as terse as the one that was measured.
func TestProfileTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := aprimotest.ReadProfile(strings.NewReader(profileText))
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: p.Tenant().Transport()}
		get := func() (int, http.Header, string, time.Duration) {
			start := time.Now()
			resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records")
			if err != nil {
				t.Error(err)
				return 0, nil, "", 0
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			return resp.StatusCode, resp.Header, string(body), time.Since(start)
		}
		if status, _, _, took := get(); status != http.StatusOK || took != 250*time.Millisecond {
			t.Errorf("alone: got %d after %v, want 200 after 250ms", status, took)
		}
		for range 4 { // one waits for 0.25 s, the others for 0.5 s more each
			go get()
		}
		synctest.Wait()
		status, header, body, took := get()
		if status != http.StatusTooManyRequests || took != 0 || body != `{"message":"busy"}` ||
			header.Get("Retry-After") != "7" || header.Get("Content-Type") != "application/json" {
			t.Errorf("above the queue: got %d, %v, %q after %v; want the 429 of the profile at once", status, header, body, took)
		}
		time.Sleep(time.Minute)
	})
}

// What is not known is Aprimo's default; a Retry-After can be a date.
func TestProfileTenantDefaults(t *testing.T) {
	got := (&aprimotest.Profile{Rejected: &aprimotest.RejectedAnswer{RetryDateSeconds: 5}}).Tenant()
	if got.Rate != 0 || got.Queue != 0 || got.Service != nil || got.Reject.RetryAfter != 5*time.Second || !got.Reject.Date {
		t.Errorf("got %d, %d, %+v; want zeros and a date 5 s later", got.Rate, got.Queue, got.Reject)
	}
	if got := (&aprimotest.Profile{}).Tenant().Reject; !cmp.Equal(got, aprimotest.Rejection{}) {
		t.Errorf("without a 429 seen: got %+v, want the default", got)
	}
}

func TestReleaseText(t *testing.T) {
	for _, release := range []aprimotest.Release{aprimotest.TokenBucket, aprimotest.FixedWindow, aprimotest.EvenlySpaced} {
		text, err := release.MarshalText()
		var again aprimotest.Release = -1
		if err2 := again.UnmarshalText(text); err != nil || err2 != nil || again != release {
			t.Errorf("%v: got %q, %v, %v; want it back", release, text, err2, again)
		}
	}
	if _, err := aprimotest.Release(9).MarshalText(); err == nil || !strings.Contains(err.Error(), "there is no Release(9)") {
		t.Errorf("got error %v, want that there is no Release(9)", err)
	}
}

// Whatever a file holds, reading it gives an error or a profile that is the same when it is
// written and read again, and whose tenant answers.
func FuzzReadProfile(f *testing.F) {
	f.Add(profileText)
	f.Add(`{"version":1,"tenant":"a","queue":-1,"rejected":{"retryDateSeconds":1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := aprimotest.ReadProfile(strings.NewReader(text))
		if err != nil {
			return
		}
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := aprimotest.ReadProfile(strings.NewReader(string(data)))
		if err != nil || again.Rate != p.Rate || again.Queue != p.Queue || again.Release != p.Release {
			t.Fatalf("got %v, %+v; want %+v again", err, again, p)
		}
		synctest.Test(t, func(t *testing.T) {
			client := &http.Client{Transport: p.Tenant().Transport()}
			resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		})
	})
}
