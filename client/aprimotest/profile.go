package aprimotest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"
)

const (
	profileVersion = 1
	maxProfile     = 1 << 20      // bytes
	maxProfileRate = 1_048_576    // requests a second, as the transport's limiter has it
	maxProfileTime = 24 * 60 * 60 // seconds
)

// A Profile has what examples/probe measured of a real tenant. With [Profile.Tenant], tests
// run against a simulated tenant like your own. Its Rate is also the limit for the transport:
//
//	transport.WithLimiter(transport.NewLimiter(p.Rate, time.Second))
//
// The JSON form has the names in the tags.
type Profile struct {
	// Version is the version of the form: 1.
	Version int `json:"version"`

	// Name is the tenant that was measured, such as acme.
	Name string `json:"tenant"`

	// Measured is the time of the measurement.
	Measured time.Time `json:"measured"`

	// Rate is the number of requests that begin in a second, plus or minus RateDoubt. Zero
	// means unknown. With RateAtLeast it is a lower bound.
	Rate        int     `json:"requestsPerSecond,omitzero"`
	RateDoubt   float64 `json:"requestsPerSecondDoubt,omitzero"`
	RateAtLeast bool    `json:"requestsPerSecondAtLeast,omitzero"`

	// Queue is the number of requests that are queued, plus or minus QueueDoubt. Zero means
	// unknown; a negative number means none. With QueueAtLeast the queue was not filled, so
	// it is a lower bound.
	Queue        int  `json:"queue,omitzero"`
	QueueDoubt   int  `json:"queueDoubt,omitzero"`
	QueueAtLeast bool `json:"queueAtLeast,omitzero"`

	// Release is how queued requests are released. It is a guess unless ReleaseSure.
	Release     Release `json:"release"`
	ReleaseSure bool    `json:"releaseSure"`

	// Rejected is what a 429 looked like. Nil means that none was seen.
	Rejected *RejectedAnswer `json:"rejected,omitzero"`

	// ServiceMilliseconds is the median time in calm of each operation, such as
	// "GET /api/core/records", including the network.
	ServiceMilliseconds map[string]float64 `json:"serviceMilliseconds,omitempty"`

	// SharesLimit says whether a host other than the DAM's is under the same limit. A
	// host for which that is unknown is missing.
	SharesLimit map[string]bool `json:"sharesLimit,omitempty"`
}

// A RejectedAnswer is what a [Profile] contains about 429s.
type RejectedAnswer struct {
	// RetryAfter is the header as it was; empty if there was none, or if it was a date.
	RetryAfter string `json:"retryAfter,omitzero"`

	// RetryDateSeconds is, if the header was a date, how many seconds after the answer.
	RetryDateSeconds int `json:"retryDateSeconds,omitzero"`

	// ContentType and Body are those of one answer; a long body is cut.
	ContentType string `json:"contentType,omitzero"`
	Body        string `json:"body,omitzero"`
}

// ReadProfile reads a Profile in its JSON form, of at most a mebibyte. It returns an error
// if r holds something else, a later version, or figures that no tenant can have.
func ReadProfile(r io.Reader) (*Profile, error) {
	p := new(Profile)
	data, err := io.ReadAll(io.LimitReader(r, maxProfile+1))
	if len(data) > maxProfile {
		err = fmt.Errorf("longer than %d bytes: this is no profile", maxProfile)
	}
	if err == nil {
		err = json.Unmarshal(data, p)
	}
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return nil, fmt.Errorf("aprimotest: profile: %w", err)
	}
	return p, nil
}

func (p *Profile) check() error {
	switch {
	case p.Version == 0:
		return errors.New("no version: this is no profile")
	case p.Version != profileVersion:
		return fmt.Errorf("version %d: only %d is known; measure the tenant again", p.Version, profileVersion)
	case p.Name == "":
		return errors.New("no tenant: a profile says whose it is")
	case p.Rate < 0 || p.Rate > maxProfileRate:
		return fmt.Errorf("requestsPerSecond %d: must be 0 to %d", p.Rate, maxProfileRate)
	case p.Queue < -1 || p.Queue > maxProfileRate:
		return fmt.Errorf("queue %d: must be -1 to %d", p.Queue, maxProfileRate)
	}
	for operation, ms := range p.ServiceMilliseconds {
		if ms < 0 || ms > maxProfileTime*1000 {
			return fmt.Errorf("serviceMilliseconds of %q: %g: must be 0 to %d", operation, ms, maxProfileTime*1000)
		}
	}
	if a := p.Rejected; a != nil && (a.RetryDateSeconds < 0 || a.RetryDateSeconds > maxProfileTime) {
		return fmt.Errorf("retryDateSeconds %d: must be 0 to %d", a.RetryDateSeconds, maxProfileTime)
	}
	return nil
}

// Tenant returns a simulated tenant like the one that was measured. What is not known has
// Aprimo's default. An operation that was not measured takes the default of 20 milliseconds;
// one that was, its median each time. Change the fields of the Tenant as you like before its
// first request.
func (p *Profile) Tenant() *Tenant {
	t := &Tenant{Rate: p.Rate, Queue: p.Queue, Release: p.Release}
	if a := p.Rejected; a != nil {
		t.Reject = a.rejection()
	}
	if ms := p.ServiceMilliseconds; len(ms) > 0 {
		t.Service = func(r *http.Request) time.Duration {
			if known, ok := ms[r.Method+" "+r.URL.Path]; ok {
				return time.Duration(math.Round(known * float64(time.Millisecond)))
			}
			return defaultService
		}
	}
	return t
}

func (a *RejectedAnswer) rejection() Rejection {
	after := time.Duration(a.RetryDateSeconds) * time.Second
	j := Rejection{RetryAfter: after, Date: after > 0, Header: http.Header{}, Body: []byte(a.Body)}
	for name, value := range map[string]string{"Content-Type": a.ContentType, "Retry-After": a.RetryAfter} {
		if value != "" {
			j.Header.Set(name, value)
		}
	}
	return j
}
