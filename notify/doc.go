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
// An [Alerter] counts the answers with status 429 that it observes. When there
// are many in a short time, by default 20 within 5 minutes, it hands one
// [Alert] to a [Notifier] and then keeps quiet for an hour, however many
// follow; what it counted meanwhile is in the next alert. [Email] is the
// Notifier that sends mail; any function is one as a [NotifierFunc].
//
// Everything here may be used by many goroutines at once. Observe never waits:
// an alert is sent from a goroutine of its own, which lives as long as the
// sending takes. An idle Alerter has no goroutine and no timer, and an Alerter
// needs the same memory for ten calls as for ten million.
//
// # What it does not do
//
// It does not slow down, repeat or refuse any call: package transport does. It
// does not log each 429: transport.WithLogger does. It sees the calls of its
// own process alone, so several processes that share a tenant each send their
// own mail, unless a Rule.Store makes them count together. It keeps nothing on disk: an alert that cannot be delivered ends up
// in the log, and a restarted program counts from zero. It sends no all-clear.
//
// # Design
//
// When to tell (Rule) and how to tell (Notifier) are apart. For two channels,
// such as mail and chat, make two Alerters: then the failure of the one neither
// delays nor repeats the other. An alert goes out the moment that the limit is
// reached, not after a while in which more could be learnt.
package notify
