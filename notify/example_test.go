package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

// toScreen is a Notifier for the examples.
var toScreen = notify.NotifierFunc(func(_ context.Context, a notify.Alert) error {
	fmt.Println(a.Total, "429s; most by", a.Users[0].Name, "with", a.Operations[0].Name)
	return nil
})

// An Alerter's method Observe is what transport.WithObserver wants. Here the
// events come from a loop.
func Example() {
	alerts := notify.New(toScreen, notify.Rule{})
	var observe transport.Observer = alerts.Observe
	for range 50 {
		observe(context.Background(), transport.Event{
			Kind: transport.RateLimited, Status: 429, User: "anna@example.com", Method: "GET",
			URL: "https://acme.dam.aprimo.com/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9",
		})
	}
	alerts.Close() // waits for the alert on its way
	// Output: 50 429s; most by anna@example.com with GET /api/core/record/{id}
}

// Three 429s within ten seconds, and no more than one alert a day.
func ExampleRule() {
	alerts := notify.New(toScreen, notify.Rule{Count: 3, Within: 10 * time.Second, Cooldown: 24 * time.Hour})
	defer alerts.Close()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, s := range []int{0, 8, 14, 36, 40, 44} { // the last three within 10 s
		alerts.Observe(context.Background(), transport.Event{
			Kind: transport.RateLimited, Time: noon.Add(time.Duration(s) * time.Second),
			User: "nightly-import", Method: "POST", URL: "https://acme.dam.aprimo.com/api/core/orders",
		})
	}
	// Output: 6 429s; most by nightly-import with POST /api/core/orders
}

// A chat instead of mail.
func ExampleNotifierFunc() {
	chat := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct{ Text string }
		json.NewDecoder(r.Body).Decode(&message)
		fmt.Println("chat:", message.Text)
	}))
	defer chat.Close()

	toChat := notify.NotifierFunc(func(ctx context.Context, a notify.Alert) error {
		body, err := json.Marshal(map[string]string{"text": a.Subject()})
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, chat.URL, bytes.NewReader(body))
		if err != nil {
			return err
		}
		resp, err := chat.Client().Do(r)
		if err != nil {
			return err // tried again in a minute
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusNotFound {
			return fmt.Errorf("chat: %s: %w", resp.Status, notify.ErrPermanent)
		}
		return nil
	})
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	err := toChat.Notify(context.Background(), notify.Alert{
		Tenant: "acme", Host: "app01", Count: 20, Limit: 20, Within: 5 * time.Minute, Time: now, Since: now.Add(-8 * time.Second),
	})
	fmt.Println(err)
	// Output:
	// chat: [Aprimo acme] 429 THROTTLED: 20 in 8 s (limit 20 in 5 min) on app01
	// <nil>
}

// Check the settings when the program starts, not when the first alert is due.
func ExampleEmail_Validate() {
	mail := notify.Email{Addr: "smtp.example.com", From: "alerts@example.com", To: []string{"admin@example.com"}}
	fmt.Println(mail.Validate())
	mail.Addr = "smtp.example.com:587"
	fmt.Println(mail.Validate())
	// Output:
	// notify: email: bad Addr "smtp.example.com": use host:port, such as smtp.example.com:587
	// <nil>
}

// The password comes from the environment or a secret store, and is not shown
// by printing the settings.
func ExampleEmail() {
	mail := notify.Email{
		Addr:     "smtp.example.com:587", // STARTTLS
		From:     "Aprimo alerts <alerts@example.com>",
		To:       []string{"admin@example.com", "oncall@example.com"},
		Username: "alerts",
		Password: "secret",
	}
	fmt.Println(mail)
	alerts := notify.New(mail, notify.Rule{Tenant: "acme"})
	defer alerts.Close()
	// Output: notify.Email(smtp.example.com:587, from Aprimo alerts <alerts@example.com> to admin@example.com, oncall@example.com, login as alerts)
}

// Text is complete by itself, for any channel that takes more than a line.
func ExampleAlert_Text() {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	a := notify.Alert{Tenant: "acme", Host: "app01", PID: 4711, Count: 20, Limit: 20, Within: 5 * time.Minute, Time: now, Since: now.Add(-8 * time.Second)}
	begin, _, _ := strings.Cut(a.Text(), "\n\nWHAT YOU CAN DO")
	fmt.Println(begin)
	// Output:
	// Aprimo answered 20 requests from this program with status 429 (too many
	// requests) in 8 s.
	//
	//   First:       2026-11-23 11:59:52 UTC
	//   Last:        2026-11-23 12:00:00 UTC
	//   Threshold:   20 in 5 min
	//   Others:      not known
	//   Tenant:      acme
	//   Program:     process 4711 on app01
}
