package main

import (
	"context"
	"net/http"
)

// A client is a way to keep within a shared limit.
type client struct {
	name  string
	about string // for people
	team  team
}

// A team starts what all processes of a client have in common, and returns what makes the
// RoundTripper of each. It registers what it starts as tasks of the bench, which end with the
// context.
type team func(context.Context, *bench) maker

type maker func(base http.RoundTripper) http.RoundTripper

// apart is the team of processes that have nothing in common.
func apart(m maker) team {
	return func(context.Context, *bench) maker { return m }
}

// clients are ours and the baselines.
var clients = []client{
	{"ours", "transport.New()", ourTeam},
	{"static", "15/s by golang.org/x/time/rate", apart(static)},
	{"aimd", "additive increase, multiplicative decrease", apart(newAIMD)},
	{"aws", "the adaptive mode of AWS's SDKs", apart(newAWS)},
	{"aws-standard", "the default mode of AWS's SDKs with 15/s", apart(newAWSStandard)},
	{"failsafe", "failsafe-go's adaptive limiter with 15/s", apart(newFailsafe)},
	{"atb", "the Adaptive Token Bucket with 15/s", apart(newATB)},
	{"aatb", "the Assisted Adaptive Token Bucket with 15/s", aatbTeam},
	{"oracle", "it sees the server's queue: a bound", oracleTeam},
}

func clientNamed(name string) client {
	for _, c := range clients {
		if c.name == name {
			return c
		}
	}
	panic("no client is named " + name)
}
