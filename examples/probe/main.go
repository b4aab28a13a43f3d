// Probe measures what no document says about the limit of an Aprimo tenant: how many
// requests begin in a second, how many wait, how these are released, what a 429 looks like,
// how long operations take when the tenant is calm, and which hosts are under the same limit. It prints what
// it found and how sure that is, and writes a profile.
//
//	go run ./examples/probe                   a simulated tenant
//	go run ./examples/probe -tenant acme      asks before it sends; -yes does not
//
// It sends Aprimo's own example: 130 harmless GETs, 12 at once and then 118, and before each
// time it waits until the tenant is calm. Single requests, one a second, measure how long
// operations take: GETs to the DAM, to marketing operations and to the uploads, and requests
// for a token. They bypass the limiter of this module, because the probe measures the tenant
// without it. While the 118 wait, the requests of all other integrations wait
// behind them, at Aprimo's default limit for seven seconds, and some may get a 429: choose a
// quiet time. The probe stops at the first answer that it does not expect.
//
// A real tenant needs APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET of a client-credentials
// registration.
//
// Its output for the simulated tenant:
//
//	rate                  15.0 ± 0.3 requests a second
//	queue                 100 ± 2 requests above the rate wait
//	release               TokenBucket
//	429                   17 came; Retry-After: 2; text/html, body of 134 bytes
//	marketing operations  under the same limit
//	uploads               under the same limit
//	token endpoint        has another limit, or none
//
//	operation                       answer  median in ms  probably between
//	GET /api/core/records           200     61            59 and 66
//	…
//
// 130 requests may not fill the queue. Then the probe reports a lower bound of the queue, and no
// 429. Beside other integrations it takes a minute. On simulated tenants it is right in more than
// 95 of 100 cases.
//
// The profile is JSON. Your tests and your program read it:
//
//	profile, err := aprimotest.ReadProfile(file)
//	tenant := profile.Tenant() // to test against
//	tr := transport.New(transport.WithLimiter(transport.NewLimiter(profile.Rate, time.Second)))
package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/examples/internal/connect"
	"github.com/aprimo-go/aprimo/examples/internal/program"
)

//go:embed main.go
var mainGo string

type flags struct {
	tenant, profile string
	yes             bool
}

func main() {
	var f flags
	flag.StringVar(&f.tenant, "tenant", "", "`name` of a real tenant, such as acme for acme.dam.aprimo.com")
	flag.StringVar(&f.profile, "profile", "profile.json", "`file` to write the profile to")
	flag.BoolVar(&f.yes, "yes", false, "send to a real tenant without asking")
	program.Parse("probe", mainGo, nil)
	program.Main("probe", func(ctx context.Context, out io.Writer) error { return run(ctx, f, out) })
}

func run(ctx context.Context, f flags, out io.Writer) error {
	name := f.tenant
	if name == "" {
		name = "simulated"
	}
	unlock, err := program.Lock(f.profile)
	if err != nil {
		return err
	}
	defer unlock()
	if err := checkProfile(f.profile, name); err != nil {
		return err
	}
	p, err := newProber(ctx, f, name, out)
	if err != nil {
		return err
	}
	all, err := p.measure(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("stopped after %s (%w): run the same command again to measure anew", p.sent(), err)
		}
		return errors.Join(fmt.Errorf("stopped after %s; nothing more is sent", p.sent()), err)
	}
	found := conclude(all, p.operations)
	found.show(out, name)
	fmt.Fprintf(out, "\nSent: %s\n", p.sent())
	return writeProfile(f.profile, found.profile(name, time.Now()), out)
}

// newProber returns what sends to the tenant of the flags, after the user has agreed.
func newProber(ctx context.Context, f flags, name string, out io.Writer) (*prober, error) {
	p := &prober{say: func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }}
	if f.tenant == "" {
		p.say(connect.Simulated)
		p.client = &http.Client{Transport: simulated().Transport()}
		p.operations = operations(name, tokenForm("none", "none"))
		return p, nil
	}
	id, secret, err := connect.Credentials()
	if err != nil {
		return nil, err
	}
	tokens := client.ClientCredentials(f.tenant, id, secret)
	p.operations = operations(f.tenant, tokenForm(id, secret))
	if err := agree(ctx, f, out); err != nil {
		return nil, err
	}
	token, err := tokens.Token()
	if err != nil {
		return nil, err
	}
	p.token = token.AccessToken
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = largeVolley
	p.client = &http.Client{Transport: base, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a sign-in page would not be under the limit
	}}
	return p, ctx.Err()
}

// simulated returns a tenant with Aprimo's default limit, which others use too.
func simulated() *aprimotest.Tenant {
	return &aprimotest.Tenant{
		Others: []aprimotest.Load{{Agent: "another integration", Rate: 5, Random: true}},
		Reject: aprimotest.Rejection{RetryAfter: 2 * time.Second},
		Service: aprimotest.Services{
			"/api/core/records":         60 * time.Millisecond,
			"/api/core/classifications": 90 * time.Millisecond,
			"/api/users/me":             120 * time.Millisecond,
		}.Func(),
	}
}

func tokenForm(id, secret string) url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}, "client_id": {id}, "client_secret": {secret}}
}

// agree says what will be sent and asks whether it may be.
func agree(ctx context.Context, f flags, out io.Writer) error {
	fmt.Fprintf(out, "This sends to tenant %s, with credentials from the environment:\n", f.tenant)
	fmt.Fprintf(out, "  %d GETs at once, then %d at once, around the limiter of this module\n", smallVolley, largeVolley)
	fmt.Fprintf(out, "  before that %d single requests, one a second, and at most %d more until the tenant is calm\n", singles, 2*calmTries)
	fmt.Fprintln(out, "Nothing is changed there. Other integrations may wait for some seconds, or get a 429.")
	if f.yes {
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return errors.New("the standard input is not a terminal: use -yes to agree")
	}
	fmt.Fprint(out, "Send it? [y/N] ")
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answers:
		if a == "y" || a == "yes" {
			return nil
		}
	case <-ctx.Done():
	}
	return errors.New("not agreed: nothing was sent")
}

// checkProfile returns an error if the file is there and is no profile of the tenant.
func checkProfile(path, tenant string) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	old, err := aprimotest.ReadProfile(file)
	if err != nil {
		return fmt.Errorf("%s would be overwritten, and is something else (%w): choose another file with -profile", path, err)
	}
	if old.Name != tenant {
		return fmt.Errorf("%s is the profile of tenant %s: choose another file with -profile", path, program.Clean(old.Name))
	}
	return nil
}

func writeProfile(path string, p *aprimotest.Profile, out io.Writer) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := program.WriteFile(path, append(data, '\n')); err != nil {
		return err
	}
	fmt.Fprintf(out, "Profile: %s\n", path)
	return nil
}
