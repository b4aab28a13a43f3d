package measure

// Alerts tells whether alerts arrive: a *notify.Alerter, which this package does not
// import, so that nobody has the mail in a program that sends none.
type Alerts interface {
	Deliveries() (sent, failed uint64, pending int)
}

// The names of the metrics of Alerts.
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

// ReadAlerts tells whether alerts arrive. It is safe for concurrent use.
func ReadAlerts(a Alerts, tell func(name string, value float64, attributes ...string)) {
	sent, failed, pending := a.Deliveries()
	tell(AlertsSent, float64(sent))
	tell(AlertsFailed, float64(failed))
	tell(AlertsPending, float64(pending))
}
