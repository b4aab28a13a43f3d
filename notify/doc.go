// Package notify alerts people when Aprimo rejects many requests in a short time.
//
// Most programs need one call:
//
//	alerts := notify.New(notify.Email{
//		Addr: "smtp.example.com:587",
//		From: "alerts@example.com",
//		To:   []string{"admin@example.com"},
//	}, notify.Rule{})
//	defer alerts.Close()
//	t := transport.New(transport.WithObserver(alerts.Observe))
//
// An [Alerter] counts events by [Condition]: answers with status 429, calls that were given up,
// calls that were rejected locally, and, if the Rule asks for it, long delays. When there are
// many in a short time, by default 20 answers within 5 minutes, an incident starts. You get one
// [Alert] 30 seconds later, another if the incident grows tenfold, a reminder every four hours,
// and one when it ends. Incidents within an hour of the last one's first alert, or more than
// three in six hours, are reported together. There are at most 6 alerts an hour and 24 a day;
// what they leave out is reported later.
//
// [Email] and [Webhook] are Notifiers that send alerts; a function is one as a
// [NotifierFunc]. [Routes] combine several, each with the conditions that it is for.
//
// To see whether alerts arrive, call SendTest during set-up, and Email.Check when the
// program starts. examples/alert does both, and shows what all alerts look like.
//
// All types are safe for concurrent use. Observe never blocks: other goroutines send the
// alerts. An Alerter has a goroutine only during or shortly before an incident, and needs
// the same memory for ten calls as for ten million.
//
// # What it does not do
//
// It does not slow down, retry or reject calls; package transport does. It does not log
// each 429; transport.WithLogger does. Without a Rule.Store it counts the calls of its own
// process alone, stores nothing, and starts from zero with the program. [Dir] is a Store in
// a directory, redislimit.Store one in Redis.
//
// # Design
//
// When to alert (Rule) and how (Notifier) are separate. The state of the alerts is a plain
// value without a clock, so that the same code serves one process and many that share a
// Store, and tests can run a year of it. An Alerter has a clock of its own that is never set
// back.
package notify
