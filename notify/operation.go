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
