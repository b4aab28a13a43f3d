package measure

import "time"

// Alerts are the alerts of a program: a *notify.Alerter. This package does not
// import notify, so that a program that sends no mail is not compiled with it.
type Alerts interface {
	Status() []AlertStatus
	Deliveries() (sent, failed uint64, pending int)
}

// An AlertStatus is the state of the alerts about one condition.
type AlertStatus struct {
	Condition string    `json:"condition"`          // throttled, failing, refusing or saturated
	State     string    `json:"state"`              // ok, pending, firing or clearing
	Incident  string    `json:"incident,omitempty"` // empty if the state is ok
	Since     time.Time `json:"since,omitzero"`     // the first event of the incident
	Total     int       `json:"total"`              // events of the incident
	Reported  time.Time `json:"reported,omitzero"`  // the last alert
	Muted     time.Time `json:"muted,omitzero"`     // until then no alert is sent
	Reason    string    `json:"reason,omitempty"`   // of the mute
}

// The names of the metrics of Alerts.
const (
	AlertsSent    = prefix + "alert.sent"
	AlertsFailed  = prefix + "alert.failed"
	AlertsPending = prefix + "alert.pending"
)

// AlertMetrics describes the metrics of ReadAlerts.
func AlertMetrics() []Metric {
	return []Metric{
		{AlertsSent, Total, "{alert}", "Delivered alerts, counted for each route.", nil, nil},
		{AlertsFailed, Total, "{alert}", "Alerts not delivered, or not confirmed, counted for each route, as in the log.", nil, nil},
		{AlertsPending, Sum, "{alert}", "Alerts being sent or waiting for a retry.", nil, nil},
	}
}

// ReadAlerts reports the metrics of alerts as they are now. It is safe for concurrent use.
func ReadAlerts(a Alerts, report func(name string, value float64, attributes ...string)) {
	sent, failed, pending := a.Deliveries()
	report(AlertsSent, float64(sent))
	report(AlertsFailed, float64(failed))
	report(AlertsPending, float64(pending))
}
