package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// An origin is where an address of the server's comes from: the tenant, or the link of which
// it is a redirect. It decides which addresses are accepted.
type origin struct {
	plain bool // it uses http itself
	near  distance
}

func originOf(u *url.URL) origin { return origin{u.Scheme == "http", distanceOf(u.Hostname())} }

// A distance is how near to this machine a host is.
type distance int

const (
	public  distance = iota
	named            // a name of the network around this machine
	private          // an address of it, or this machine
)

// judge returns an error unless a request without a token may be sent to an address that a
// server gave: of a blob storage, a file or a redirect. It must use https and have no user,
// and it must not lead to this machine or into the network around it, where a server could
// reach what it must not. What the origin does itself is accepted. A name is not resolved, since a
// private endpoint of a blob storage is legitimate, but one without a dot or of a domain that only
// local networks use, such as .internal, is refused.
//
// A link to which the token is sent must be on the tenant's host; see [resolve].
func (o origin) judge(u *url.URL) error {
	switch {
	case u.Host == "" || u.Hostname() == "":
		return errors.New("the address has no host")
	case u.Scheme != "https" && !(u.Scheme == "http" && o.plain):
		return fmt.Errorf("the address at %s uses %s: only https is accepted", clean(u.Host), clean(u.Scheme))
	case u.User != nil:
		return fmt.Errorf("the address at %s contains a user, which is not accepted", clean(u.Host))
	case distanceOf(u.Hostname()) > o.near:
		return fmt.Errorf("the address at %s is on this machine or in a private network, which is not accepted", clean(u.Host))
	}
	return nil
}

// judgeLink parses and judges an address.
func (o origin) judgeLink(link string) (*url.URL, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, errors.New("the address is malformed") // without it: it is a secret
	}
	return u, o.judge(u)
}

// redirect judges redirects of a link. It is an http.Client's CheckRedirect. The link is a secret,
// and net/http would send it to the other host as the Referer.
func redirect(req *http.Request, via []*http.Request) error {
	req.Header.Del("Referer")
	if len(via) >= 10 {
		return refusedAddress{errors.New("stopped after 10 redirects")}
	}
	if err := originOf(via[0].URL).judge(req.URL); err != nil {
		return refusedAddress{fmt.Errorf("redirect: %w", err)}
	}
	return nil
}

// A refusedAddress is an error that a retry does not remedy.
type refusedAddress struct{ error }

func (e refusedAddress) Unwrap() error   { return e.error }
func (e refusedAddress) Retryable() bool { return false }

// special are the address spaces that lead to no host of the internet, or by a gateway to any
// address, besides those that package netip knows (RFC 6890).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // providers behind NAT
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), // tests of networks
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("::/96"), // this and the following contain an IPv4 address
	netip.MustParsePrefix("::ffff:0:0:0/96"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"), // once the private networks of IPv6
}

// localDomains are what networks use for themselves (RFC 6762 appendix G), Kubernetes and Linux
// too. None of them can be a domain of the internet.
var localDomains = []string{"local", "internal", "intranet", "private", "corp", "home", "lan", "localdomain", "svc"}

// distanceOf returns how near a host is, by its name.
func distanceOf(host string) distance {
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii // as net/http reads it: ①②⑦.0.0.1 and 127。0。0。1 are addresses, too
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return private
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		last := host[strings.LastIndexByte(host, '.')+1:]
		if _, err := strconv.ParseUint(last, 0, 64); err == nil {
			return private // some resolvers read 127.1, 0x7f.1 and 2130706433 as addresses
		}
		if last == host || slices.Contains(localDomains, last) || strings.HasSuffix(host, ".home.arpa") {
			return named
		}
		return public
	}
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(ip.WithZone("")) }) {
		return private
	}
	return public
}

// resolve parses a link from the server to which the token is sent, and which may be
// relative. It must be on the host of the base; for a tenant at Aprimo, another host of
// Aprimo's is accepted too, because uploads can lead to one; see [Client.owns] for other links.
func resolve(base *url.URL, link string) (*url.URL, error) {
	ref, err := url.Parse(link)
	if err != nil {
		return nil, errors.New("the server sent a malformed link")
	}
	u := base.ResolveReference(ref)
	u.Host = authority(u)
	known := strings.EqualFold(u.Host, authority(base)) || atAprimo(base) && atAprimo(u)
	if u.Scheme != base.Scheme || !known || u.User != nil {
		return nil, fmt.Errorf("the server sent a link to %s://%s, but tokens are sent to %s://%s only", clean(u.Scheme), clean(u.Host), base.Scheme, base.Host)
	}
	return u, nil
}

// atAprimo reports whether a URL is one of Aprimo's.
func atAprimo(u *url.URL) bool {
	return u.Scheme == "https" && strings.HasSuffix(strings.ToLower(authority(u)), ".aprimo.com")
}

// authority returns the host of a URL, with its port unless that is the scheme's: a server behind
// another one may name it in links.
func authority(u *url.URL) string {
	ports := map[string]string{"http": ":80", "https": ":443"}
	return strings.TrimSuffix(u.Host, ports[u.Scheme])
}
