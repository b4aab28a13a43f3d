package notify_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aprimo-go/aprimo/notify"
)

// Mail to some, and a chat for calls that were lost. A folder keeps the state over a
// restart.
func ExampleRoutes() {
	say := func(where string) notify.NotifierFunc {
		return func(_ context.Context, a notify.Alert) error {
			fmt.Println(where, a.Condition, a.Phase)
			return nil
		}
	}
	alerts := notify.New(notify.Routes{
		{Name: "mail", To: say("mail:"), Conditions: []notify.Condition{notify.Throttled}},
		{Name: "chat", To: say("chat:"), Conditions: []notify.Condition{notify.Failing}},
	}, notify.Rule{Tenant: "acme"})
	burst(alerts, 50)
	alerts.Close()
	// Output: mail: throttled firing
}

// No alert during planned work; what happened is reported afterwards.
func ExampleAlerter_Mute() {
	alerts := notify.New(toScreen, notify.Rule{})
	alerts.Mute(time.Now().Add(2*time.Hour), "the import of the year")
	burst(alerts, 50)
	alerts.Close()
	for _, s := range alerts.Status() {
		fmt.Println(s.Condition, s.State, s.Total, s.Reason)
	}
	// Output:
	// throttled firing 50 the import of the year
	// failing ok 0 the import of the year
	// refusing ok 0 the import of the year
}

// A folder for the state, in the Rule.
func ExampleDir() {
	rule := notify.Rule{Store: notify.Dir("/var/lib/example/alerts"), Tenant: "acme"}
	fmt.Println(rule.Store)
	// Output: /var/lib/example/alerts
}
