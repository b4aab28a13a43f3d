package retry

import (
	"crypto/tls"
	"testing"
)

// A status of 4xx is permanent, but for two that pass.
func TestRefusal(t *testing.T) {
	for status, want := range map[int]bool{399: false, 400: true, 401: true, 408: false, 429: false, 499: true, 500: false} {
		if got := refusal(status); got != want {
			t.Errorf("%d: refused %v; want %v", status, got, want)
		}
	}
}

// The alerts of TLS that pass are those of a connection that was damaged, not of what we are.
func TestPassingAlerts(t *testing.T) {
	for alert := range tls.AlertError(120) {
		want := alert != 20 && alert != 80 && alert != 90
		if got := permanent(alert); got != want {
			t.Errorf("%v (%d): permanent %v; want %v", alert, alert, got, want)
		}
	}
}
