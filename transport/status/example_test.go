package status_test

import (
	"net/http"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/status"
)

// The page behind one's own authentication, here a password.
func ExampleHandler() {
	alerts := notify.New(notify.Email{ /* … */ }, notify.Rule{})
	defer alerts.Close()
	tr := transport.New(transport.WithObserver(alerts.Observe))
	page := status.Handler(tr, alerts)
	http.HandleFunc("/aprimo", func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "admin" || !isRight(password) {
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		page.ServeHTTP(w, r)
	})
}

func isRight(password string) bool { return false }
