package main

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// The retries of AWS's SDKs since November 10, 2026, for an answer that says "too many requests":
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
const (
	awsTries   = 3
	awsBackoff = time.Second // doubled by each retry; all of it is random
	awsQuota   = 500         // tokens at the start, and at most
	awsCost    = 5           // tokens of a retry; one that is served gives them back
	awsFirst   = 1           // tokens for a call that is served without one
)

// An awsRetry retries 429s while it has tokens.
type awsRetry struct {
	limited http.RoundTripper

	mu     sync.Mutex
	tokens int
}

func newAWSRetry(limited http.RoundTripper) http.RoundTripper {
	return &awsRetry{limited: limited, tokens: awsQuota}
}

func (a *awsRetry) RoundTrip(req *http.Request) (*http.Response, error) {
	gain := awsFirst
	for try := 1; ; try++ {
		resp, err := a.limited.RoundTrip(req)
		if err != nil {
			return resp, err
		}
		if resp.StatusCode != http.StatusTooManyRequests {
			a.pay(-gain)
			return resp, nil
		}
		if try == awsTries || !a.pay(awsCost) {
			return resp, nil
		}
		gain = awsCost
		if req, err = again(req, resp, rand.N(min(awsBackoff<<(try-1), maxBackoff))); err != nil {
			return nil, err
		}
	}
}

// pay takes tokens, or gives them, and reports false if there are too few.
func (a *awsRetry) pay(tokens int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tokens < tokens {
		return false
	}
	a.tokens = min(awsQuota, a.tokens-tokens)
	return true
}
