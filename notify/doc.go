// Package notify tells a person when Aprimo turns away many requests in a
// short time.
//
// The one call that most programs need:
//
//	alerts := notify.New(notify.Email{
//		Addr: "smtp.example.com:587",
//		From: "alerts@example.com",
//		To:   []string{"admin@example.com"},
//	}, notify.Rule{})
//	defer alerts.Close()
//	t := transport.New(transport.WithObserver(alerts.Observe))
//
// An [Alerter] counts what it observes by [Condition]: answers with status 429, calls
// that were lost, and, if the Rule asks for it, long waits. When there are many in a
// short time, by default 20 answers within 5 minutes, an incident begins. Its first
// [Alert] comes half a minute later and tells the whole of it; others follow when it
// becomes ten times as large, every four hours while it lasts, and when it is over.
// Incidents that come and go within an hour of the first alert of another, or more
// than three in six hours, are told of together. There are at most 6 alerts in an
// hour and 24 in a day; what they could not tell is told later.
//
// [Email] and [Webhook] are Notifiers that send them; any function is one as a
// [NotifierFunc]. [Routes] are several, each with the conditions that go it.
//
// To see whether alerts arrive, call SendTest when the program is set up, and
// Email.Check when it starts; examples/alert does both and shows what all alerts
// look like.
//
// Everything here may be used by many goroutines at once. Observe never waits:
// an alert is sent from goroutines of its own. An Alerter has no goroutine and no
// timer unless there is an incident, or may be one soon, and needs the same memory
// for ten calls as for ten million.
//
// # What it does not do
//
// It does not slow down, repeat or refuse any call: package transport does. It
// does not log each 429: transport.WithLogger does. Without a Rule.Store it sees
// the calls of its own process alone, keeps nothing on disk, and a restarted program
// counts from zero; [Dir] is a Store in a folder, and redislimit.Store one in Redis.
//
// # Design
//
// When to tell (Rule) and how to tell (Notifier) are apart. The state of the alerts
// is a plain value, the sharedState, that has no clock and waits for nothing: so the same
// steps serve a process alone and many that share a Store, and tests can try a year
// of them. An Alerter uses a clock of its own that is never set back.
package notify
