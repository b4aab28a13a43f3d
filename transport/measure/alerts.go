package measure

import "github.com/aprimo-go/aprimo/notify"

// The names of the metrics of a notify.Alerter.
const (
	AlertsSent    = prefix + "alert.sent"
	AlertsFailed  = prefix + "alert.failed"
	AlertsPending = prefix + "alert.pending"
)

// AlertMetrics returns those that ReadAlerts tells.
func AlertMetrics() []Metric {
	return []Metric{
		{AlertsSent, Total, "{alert}", "Alerts that were delivered, for each way that they go.", nil, nil},
		{AlertsFailed, Total, "{alert}", "Alerts that somebody was not told of, for each way, as the log says.", nil, nil},
		{AlertsPending, Sum, "{alert}", "Alerts that are still sent, or tried again.", nil, nil},
	}
}

// ReadAlerts tells whether the alerts of an Alerter arrive. It is safe for concurrent
// use.
func ReadAlerts(a *notify.Alerter, tell func(name string, value float64, attributes ...string)) {
	d := a.Deliveries()
	tell(AlertsSent, float64(d.Sent))
	tell(AlertsFailed, float64(d.Failed))
	tell(AlertsPending, float64(d.Pending))
}
