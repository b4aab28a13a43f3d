package notify

import (
	"net/url"
	"strings"

	"github.com/aprimo-go/aprimo/transport"
)

// operation returns what a request does, fit to be written down.
func operation(method, rawURL string) string {
	return clean(transport.Operation(method, rawURL), maxText)
}

// request returns what a sample shows: the method and the path, without host and
// query.
func request(e transport.Event) string {
	path := e.URL
	if u, err := url.Parse(e.URL); err == nil {
		path = u.EscapedPath()
	}
	return clean(e.Method+" "+path, 72)
}

// tenantOf returns the tenant that a request goes to: the first label of a host
// of Aprimo's, else the whole host.
func tenantOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	host := u.Hostname()
	if name, ok := strings.CutSuffix(strings.ToLower(host), ".aprimo.com"); ok {
		host, _, _ = strings.Cut(name, ".")
	}
	return clean(host, maxText)
}
