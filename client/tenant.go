package client

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// label is a label of a host name (RFC 1123): a tenant is one.
var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// hosts returns where a tenant is: the DAM API, and what Aprimo calls the core,
// with the tokens, the uploads and the marketing-operations API.
func hosts(tenant string) (dam, core string, err error) {
	name := strings.ToLower(tenant)
	switch {
	case name == "":
		return "", "", errors.New("aprimo: the tenant is empty; for https://acme.dam.aprimo.com it is \"acme\"")
	case !label.MatchString(name):
		return "", "", fmt.Errorf("aprimo: %q is not the name of a tenant: give the first label of its host alone, \"acme\" for https://acme.dam.aprimo.com, or WithBaseURLs for other hosts", tenant)
	}
	return "https://" + name + ".dam.aprimo.com/api/core", "https://" + name + ".aprimo.com", nil
}

// parseBase reads a base URL to which tokens are sent.
func parseBase(what, raw string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("aprimo: the %s URL cannot be read: %w", what, errors.Unwrap(err)) // without the URL, which may hold a password
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("aprimo: the %s URL is not complete: it begins with https:// and a host", what)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("aprimo: the %s URL must be a scheme, a host and a path alone", what)
	case u.Scheme == "http" && !insecure && !loopback(u.Hostname()):
		return nil, fmt.Errorf("aprimo: the %s URL is http, which sends tokens in the clear: use https, or WithInsecureHTTP in a laboratory", what)
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
