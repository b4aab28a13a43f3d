package main

import "net/http"

// A client is a way to keep within a shared limit.
type client struct {
	name  string
	about string // for people
	make  func(base http.RoundTripper) http.RoundTripper
}

// clients are ours and the baselines.
var clients = []client{
	{"ours", "transport.New()", ours},
	{"static", "15/s by golang.org/x/time/rate", static},
	{"aimd", "additive increase, multiplicative decrease", newAIMD},
	{"aws", "the adaptive mode of AWS's SDKs", newAWS},
	{"failsafe", "failsafe-go's adaptive limiter with 15/s", newFailsafe},
}

func clientNamed(name string) client {
	for _, c := range clients {
		if c.name == name {
			return c
		}
	}
	panic("no client is named " + name)
}
