package main

import (
	"math"
	"net/http"
	"sync"
	"time"

	limiter "golang.org/x/time/rate"
)

// The constants of the adaptive mode in AWS's SDKs for Go, Python and JavaScript.
const (
	awsBeta   = 0.7 // part of the rate that a 429 leaves
	awsScale  = 0.4
	awsSmooth = 0.8
	awsBin    = 500 * time.Millisecond
	awsMin    = 0.5
)

// An aws is the adaptive retry mode of AWS's SDKs: after a 429 the rate grows along a
// cubic curve, slowly around the rate that failed and faster beyond it. The original has
// no limit before the first 429; this one starts with that of the tenant.
type aws struct {
	bucket *bucket

	mu        sync.Mutex
	fill      float64   // the rate
	failed    float64   // the rate at the last 429; 0 before the first
	throttled time.Time // time of the last 429
	measured  float64   // the rate in use, smoothed
	bin       time.Time
	count     int
}

func newAWS(base http.RoundTripper) http.RoundTripper {
	a := &aws{bucket: newBucket(rate, rate), fill: rate, bin: time.Now()}
	return newAWSRetry(metered{base, a.bucket, a.answered})
}

// newAWSStandard is the default mode of AWS's SDKs: it limits retries only. So that it can be
// compared, it keeps to the tenant's limit.
func newAWSStandard(base http.RoundTripper) http.RoundTripper {
	return newAWSRetry(paced{limiter.NewLimiter(rate, 1), base})
}

func (a *aws) answered(rejected bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.measure(now)
	next := float64(rate)
	switch {
	case rejected:
		a.failed = a.measured
		if a.bucketInUse() {
			a.failed = min(a.measured, a.fill)
		}
		a.throttled = now
		next = awsBeta * a.failed
	case a.bucketInUse():
		k := math.Cbrt(a.failed * (1 - awsBeta) / awsScale)
		next = awsScale*math.Pow(now.Sub(a.throttled).Seconds()-k, 3) + a.failed
	}
	if a.bucketInUse() {
		next = min(next, 2*a.measured)
	}
	a.fill = min(rate, max(awsMin, next))
	a.bucket.set(a.fill, max(1, a.fill))
}

func (a *aws) bucketInUse() bool { return !a.throttled.IsZero() }

// measure counts a response, and updates the rate every half second.
func (a *aws) measure(now time.Time) {
	a.count++
	if d := now.Sub(a.bin); d >= awsBin {
		a.measured = awsSmooth*float64(a.count)/d.Seconds() + (1-awsSmooth)*a.measured
		a.bin, a.count = now, 0
	}
}
