package congestion

import (
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// A Window is a gate.Gate that bounds the requests in flight. Like any Gate it is guarded
// by the engine's lock.
type Window struct {
	off   bool
	limit float64 // requests a second
	most  int     // the largest size; math.MaxInt: no bound
	state State

	joint  bool         // the limiter steers the rate of all processes together instead
	shared shared.Share // what is known of these

	inflight inflight
	sends    meter
	history  history
	sending  pace // requests
	usual    pace // requests, over longer
	answered pace
	refused  pace          // answers 429
	served   pace          // other answers
	peak     float64       // the most in flight since the last step
	answers  int64         // that the estimate has learnt from
	freed    chan struct{} // closed when there may be room again; nil if nobody waits
	short    bool          // a request had to wait for room since the last step
	lacked   gate.Instant  // when one last had to
	entered  gate.Instant  // when the last request began
	left     gate.Instant  // when one last ended
	limited  gate.Instant  // the last 429

	wanted   gate.Instant // when a call last waited that is no batch work
	standing float64      // see Observation

	delay    delayEstimator
	trend    trend // of the delay
	judgment judgment

	doubted bool         // the Baselines may be wrong
	began   gate.Instant // the first request, until its train is evaluated; 0: there is none
}

var _ gate.Gate = (*Window)(nil)

// A Mode is what a Window is doing.
type Mode string

// The modes of a Window.
const (
	Off       Mode = "off"       // it bounds nothing
	Opening   Mode = "opening"   // it grows with each answer, until it meets a queue
	Steady    Mode = "steady"    // it keeps a few requests in the server's queue
	Probing   Mode = "probing"   // it lets one request be in flight, to measure without a queue
	Competing Mode = "competing" // it keeps a fixed share, as others keep the queue full
)

const (
	// plenty, in answers a second, bounds the sampling rate: more would add nothing and
	// cost time. (Judgement.)
	plenty = 1000

	// lackedWithin is how recently a request must have waited for room in the window: if
	// none did, there is nothing for a probe to find out, and no queue of ours. (Judgement.)
	lackedWithin = 3 * time.Second

	// sharedLacks is the part of the limit below which the rate of processes together makes
	// requests wait. (Judgement.)
	sharedLacks = 0.95

	// Our own requests are a model of the delay from movedFrom seconds on, in full movedRise
	// seconds above that, and if at least standingSure seconds stand. It knows them as more or
	// less than the mean over usualSpan seconds. (Measured in .ci/lab: without it the reported
	// delay is off by 0.9 s beside 40 workers of a script, with it by 0.4 s.)
	movedFrom, movedRise, standingSure, usualSpan = 0.05, 0.25, 0.5, 8.0

	// sendingSpan, answeredSpan and overloadSpan, in seconds, are the time constants of rates:
	// as short as their use allows. (Measured in .ci/lab.)
	sendingSpan, answeredSpan, overloadSpan = 1.5, 3.0, 30.0

	// There is overload if overloadLeast answers within overloadSpan are 429, and more than
	// overloadAt of all. (Measured in .ci/lab: 16 strangers a second are, 13.5 and we are not.)
	overloadLeast, overloadAt = 6, 0.2

	// leastOthers, in requests a second, is the least rate that the deviation of a Poisson
	// process is computed for. (Judgement.)
	leastOthers = 1.0

	// risePart is how much of the growth of the queue counts for others' rate: not all, as the delay is
	// that of the requests which have been answered. (Measured in .ci/lab: the rate is right in 0.90 of the
	// seconds beside a square wave instead of 0.83, and in 0.85 beside 20 workers of a script
	// instead of 0.69; with 1 in 0.57 beside bursts instead of 0.65.)
	risePart = 0.5

	// overloadFor is for how long that must hold: a burst makes many 429s as well. (Judgement.)
	overloadFor = 15 * time.Second

	// wantedFor is how long after other work we still are no scavenger. (Judgement.)
	wantedFor = 3 * time.Second

	// scavengeGap, in 1/R, is how long a scavenger with one request in flight sends nothing after an
	// answer. (Measured in .ci/lab: without it others wait 0.17 s because of calls of 20 ms instead of
	// 0.11 s, and as much is used.)
	scavengeGap = 0.7

	// In a probe, requests are probePace·(1/x - 1/R) apart if we have sent x a second before. A process
	// that has obtained little may be one of many, and if each of these kept one request in flight the
	// queue would not empty. (Measured in .ci/lab: beside ten processes others wait 1.9 s instead of
	// 2.3 s; one process alone is not affected.)
	probePace = 2

	// Strangers are an open loop after all if the delay that they must make exceeds
	// openPart of what stands and openLeast seconds. (Measured in .ci/lab.)
	openPart, openLeast = 1.25, 0.4

	// leastRecent, in seconds, is the shortest time over which our rate before a probe is
	// measured. (Judgement.)
	leastRecent = 0.5

	// sameProbe is how far apart two processes' clocks may show the begin of one probe: the
	// distance of clocks is measured again and again. (Judgement; far below probeGap.)
	sameProbe = time.Second

	// lookAgain is how long a request waits for room before it asks again by itself, since
	// a request in flight may have ceased to count, see countedFor. (Judgement.)
	lookAgain = time.Second
)

// New returns a Window for a limit of rate requests a second. At most most requests are in
// flight; 0 means no bound beyond the adaptive one, less than 0 switches the Window off.
func New(rate float64, most int) *Window {
	off := most < 0
	if most == 0 {
		most = math.MaxInt
	}
	return &Window{
		off: off, limit: rate, most: most, state: Start(0, Scope{Limit: rate}, 0),
		sending: pace{span: sendingSpan}, usual: pace{span: usualSpan}, answered: pace{span: answeredSpan}, refused: pace{span: overloadSpan}, served: pace{span: overloadSpan},
	}
}

// SetRate changes the limit, in requests a second.
func (w *Window) SetRate(rate float64) { w.limit = rate }

// Mode returns what the window is doing.
func (w *Window) Mode(now gate.Instant) Mode {
	switch {
	case w.off:
		return Off
	case w.state.Probe.Active(now):
		return Probing
	}
	return w.state.Mode
}

// Room returns how many requests may be in flight now; math.MaxInt if that is not bounded.
func (w *Window) Room(now gate.Instant) int {
	switch {
	case w.off:
		return math.MaxInt
	case w.joint:
		return w.most
	}
	return min(w.state.room(now), w.most)
}

// InFlight returns how many requests count as in flight.
func (w *Window) InFlight() int { return w.inflight.n }

// RateSpan is over how long Rate is measured.
const RateSpan = meterSpan

// Rate returns the requests a second that were sent over the last RateSpan.
func (w *Window) Rate(now gate.Instant) float64 { return w.sends.rate(now) }

// Delay returns the delay that the server adds.
func (w *Window) Delay() time.Duration {
	return seconds(w.delay.delay()).Round(time.Millisecond)
}

// Open reports whether there is room for one more request.
func (w *Window) Open(now gate.Instant) (wait gate.Wait, open bool) {
	if w.off {
		return wait, true
	}
	if now.Before(w.state.At.Add(-clockStep)) {
		// The clock has been set back: these times would hold requests for as long.
		w.history, w.trend, w.entered, w.left, w.judgment.due = history{}, trend{}, 0, 0, 0
	}
	if !w.joint && !now.Before(w.state.Probe.Next) {
		w.step(now)
	}
	w.inflight.advance(now)
	if w.trains(now) {
		next := w.entered.Add(w.judgment.train.gap).Sub(now)
		return gate.Wait{AtMost: next}, next <= 0
	}
	held := w.held(now)
	if w.inflight.n < w.Room(now) && held <= 0 {
		return wait, true
	}
	w.lacked = now
	w.short = w.short || held <= 0
	if w.freed == nil {
		w.freed = make(chan struct{})
	}
	wait = gate.Wait{AtMost: lookAgain, Sooner: w.freed}
	if w.state.Probe.Active(now) {
		wait.AtMost = w.state.Probe.Until.Sub(now)
	}
	if held > 0 {
		wait = gate.Wait{AtMost: held}
		if probe := w.state.Probe.Next.Sub(now); probe > 0 {
			wait.AtMost = min(held, probe)
		}
	}
	return wait, false
}

// trains reports whether a train is being sent. After a probe, what comes at once is one too.
func (w *Window) trains(now gate.Instant) bool {
	j := &w.judgment
	if end := w.state.Probe.Until; !j.due.IsZero() && j.train.from != end && !now.Before(end) {
		gap := time.Duration(0)
		if !w.joint && w.calm(now) && j.before > trainFrom && w.delay.delay() > trainPart*j.before && rand.Float64() < w.odds(now) {
			gap = seconds(1 / w.limit)
		}
		j.train.begin(end, gap)
	}
	return !w.joint && w.inflight.n < w.most && j.train.sends(now)
}

// odds returns the probability of a train after a probe that has left a delay. A scavenger has one
// request in flight then, so nothing else would tell it that the queue of before has gone.
func (w *Window) odds(now gate.Instant) float64 {
	switch {
	case w.judgment.train.apart() && !w.scavenges(now):
		return 0
	case w.doubted && !w.judgment.train.apart():
		return 1
	}
	return trainOdds
}

// Train returns until when the requests of a train go without a distance between them; 0 if none
// is sent.
func (w *Window) Train(now gate.Instant) gate.Instant {
	if t := &w.judgment.train; t.gap > 0 && t.includes(now) {
		return t.until()
	}
	return 0
}

// held returns for how long no request may be sent although there is room: in overload places
// come one by one, in a probe the more slowly the fewer we have sent before, and a scavenger that has
// one request in flight leaves the server alone for a moment after each.
func (w *Window) held(now gate.Instant) time.Duration {
	switch {
	case w.joint:
		return 0
	case w.Overloaded():
		return w.entered.Add(seconds(1 / (overloadPart * w.limit))).Sub(now)
	case !w.scavenges(now):
		if w.judgment.known && w.state.Probe.Active(now) {
			gap := probePace * (1/max(leastRate, w.judgment.rate) - 1/w.limit)
			return min(w.entered.Add(seconds(gap)).Sub(now), w.state.Probe.Until.Sub(now))
		}
	case w.state.Size < 2 && !w.state.Probe.Active(now):
		return w.left.Add(seconds(scavengeGap / w.limit)).Sub(now)
	}
	return 0
}

// scavenges reports whether no work waits but what yields to everybody.
func (w *Window) scavenges(now gate.Instant) bool { return now.Sub(w.wanted) > wantedFor }

// Goodput returns the requests a second that are served in overload, when each that is answered
// 429 is sent again; 0 without overload.
func (w *Window) Goodput(now gate.Instant) float64 {
	if !w.Overloaded() || w.joint {
		return 0
	}
	served, refused := w.served.rate(now), w.refused.rate(now)
	return overloadPart * w.limit * served / max(leastRate, served+refused)
}

// Overloaded reports whether others send more than the server takes, so that a pause after
// a 429 would only starve us.
func (w *Window) Overloaded() bool { return w.state.Mode == Competing }

// Want notes that a call waits that is no batch work.
func (w *Window) Want(now gate.Instant) { w.wanted = now }

// SentAgain counts a request that net/http sends again by itself while it is in flight.
func (w *Window) SentAgain(now gate.Instant) { w.sent(now) }

func (w *Window) sent(now gate.Instant) {
	w.sends.add(now)
	w.sending.add(now)
	w.usual.add(now)
	w.history.add(now)
	if w.judgment.train.includes(now) {
		w.judgment.train.sent++
	}
}

// Begin counts a request.
func (w *Window) Begin(now gate.Instant) {
	if w.doubted && w.entered.IsZero() {
		w.judgment.train.begin(now, 0)
		w.began = now
	}
	w.inflight.add(now)
	w.sent(now)
	w.entered = now
	w.peak = max(w.peak, float64(w.inflight.n))
}

// Cancel takes Begin back.
func (w *Window) Cancel(granted, now gate.Instant) {
	w.sends.undo()
	w.sending.undo()
	w.usual.undo()
	w.history.undo()
	if w.judgment.train.includes(granted) {
		w.judgment.train.sent = max(0, w.judgment.train.sent-1)
	}
	w.leave(granted, now)
}

// End makes room and learns from the answer.
func (w *Window) End(o *gate.Outcome) {
	w.leave(o.Granted, o.Ended)
	w.count(o.Status, o.Ended)
	switch {
	case w.off:
		return
	case o.Status == http.StatusTooManyRequests:
		w.limited = o.Ended
	case w.limit > plenty && o.Ended.Sub(w.delay.at) < time.Second/plenty:
		return
	case served(o.Status):
		w.learn(o)
	default:
		return
	}
	if !w.joint {
		w.step(o.Ended)
	}
}

// count counts an answer.
func (w *Window) count(status int, now gate.Instant) {
	switch status {
	case 0:
	case http.StatusTooManyRequests:
		w.refused.add(now)
	default:
		w.served.add(now)
		w.answered.add(now)
	}
}

// served reports whether the application has answered, be it with a refusal: that tells as
// much about its queue as a success. A gateway's own answers do not.
func served(status int) bool {
	switch status {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return true
}

func (w *Window) leave(granted, now gate.Instant) {
	w.left = now
	w.inflight.remove(granted, now)
	if w.freed != nil {
		close(w.freed)
		w.freed = nil
	}
}

func (w *Window) learn(o *gate.Outcome) {
	class := o.Status / 100
	if class < 4 {
		class = 2
	}
	l := w.delay.op(work{o.Operation, class})
	calm := !w.lacking(o.Ended) && w.delay.queue < calmDelay
	since, moved := w.moved(o.Sent, o.Ended)
	w.delay.queue += since
	w.delay.sample(l, o.Ended.Sub(o.Sent), moved, calm, w.state.Probe.includes(o.Sent, l), o.Ended)
	w.answers++
	w.trend.add(o.Ended, w.delay.delay())
	if w.judgment.train.includes(o.Began) && l.precise() {
		w.judgment.train.add(o.Ended.Sub(o.Sent).Seconds()-l.mean, l.noise())
	}
	w.confirm(o.Ended)
}

// moved returns by how many seconds our own requests must have changed the delay since the
// last answer, and since one was sent. It is known only beside closed loops, which keep as
// many requests in the queue as ever; an open loop adds its own.
func (w *Window) moved(sent, now gate.Instant) (since, moved float64) {
	d := &w.delay
	known := max(0, min(1, (d.queue-movedFrom)/movedRise)) * max(0, min(1, min(w.standing, d.queue)/standingSure))
	if known == 0 || w.joint || d.at.IsZero() {
		return 0, 0
	}
	usual := w.usual.rate(now)
	own := func(from gate.Instant) float64 {
		return known * (float64(w.history.between(from, now)) - usual*max(0, now.Sub(from).Seconds())) / w.limit
	}
	return own(d.at), own(sent)
}

// Others returns the requests a second of all other programs, and the standard deviation of
// that: a saturated server processes for them what it does not for us. It is known while
// calls have waited for the span of Rate, as the caller says, and the window holds them back
// because the server adds a delay, or we obtain nearly all. Otherwise both are 0.
func (w *Window) Others(now gate.Instant) (rate, stddev float64) {
	own := w.sends.rate(now)
	if w.joint {
		own = w.shared.Rate
	}
	if w.off || (w.delay.queue <= 0 || !w.lacking(now)) && own < aloneAt*w.limit {
		return 0, 0
	}
	if !w.joint { // what has made the queue longer came, but has not been processed
		own -= risePart * w.limit * w.trend.rise(now, w.delay.delay()) / meterSpan.Seconds()
	}
	rate = max(0, w.limit-own)
	moved := w.limit * w.delay.stddev() / meterSpan.Seconds()
	return rate, math.Sqrt(max(rate, leastOthers)/meterSpan.Seconds() + 2*moved*moved)
}

// lacking reports whether a request had to wait for room recently.
func (w *Window) lacking(now gate.Instant) bool { return now.Sub(w.lacked) <= lackedWithin }

// boundSince reports whether a request had to wait for room within a round trip: answers
// that come at the same instant are all of a full window, though only the first of them finds
// a request waiting.
func (w *Window) boundSince(now gate.Instant) bool {
	return !w.lacked.IsZero() && now.Sub(w.lacked) <= seconds(w.delay.service+w.delay.delay())
}

// step takes the State to the next.
func (w *Window) step(now gate.Instant) {
	w.judge(now)
	o := w.observe(now)
	if !now.Before(w.state.Probe.Next) {
		o.NextProbe = nextProbe(now, time.Now(), w.probeEvery())
	}
	if o.open(w.limit) {
		w.standing = 0
	}
	began := w.state.Probe.From
	w.state = w.state.Step(now, Scope{Limit: w.limit}, o)
	if w.state.Probe.From != began {
		w.judgment.begin(w.state.Probe, o.Delay, w.history.recent(now, max(o.Delay, leastRecent)), o.Service)
	}
	w.peak, w.short = o.InFlight, false
}

// observe returns what is measured now.
func (w *Window) observe(now gate.Instant) Observation {
	return Observation{
		Delay: w.delay.delay(), Stddev: w.delay.stddev(), Service: w.delay.service, Baseline: w.judgment.known,
		Sending: w.sending.rate(now), Answered: w.answered.rate(now), Throughput: w.sends.rate(now),
		Refused: w.refused.rate(now), Served: w.served.rate(now),
		Standing: w.standing, Scavenge: w.scavenges(now),
		InFlight: float64(w.inflight.n), Peak: w.peak, Answers: w.answers,
		Short: w.short || w.boundSince(now), Lacking: w.lacking(now), Limited: w.limited,
	}
}

// probeEvery returns the time between two probes. In overload they cost much.
func (w *Window) probeEvery() time.Duration {
	if w.state.Mode == Competing && w.judgment.full {
		return overloadProbes * probeEvery
	}
	return probeEvery
}

// Share takes in what is known of the processes that share the limit. While they can be
// reached the window does not bind: the rate of all is adjusted together.
func (w *Window) Share(s shared.Share, now gate.Instant) {
	w.joint = s.Sharing == shared.All
	if !w.joint {
		w.limit = s.Limit / float64(max(1, s.Processes))
		return
	}
	w.limit = s.Limit
	w.state.Bearable, w.state.Limited = now, w.limited // overload and 429s are the keeper's to judge
	switch {
	case s.Overload:
		w.state.Mode = Competing
	case w.state.Mode == Competing:
		w.state.Mode = Steady
	}
	if s.Rate < sharedLacks*s.Limit {
		w.lacked = now
	}
	if s.Time.Equal(w.shared.Time) {
		return
	}
	if s.Stddev > 0 && !w.delay.fresh(now) {
		w.delay.adopt(s.ServerDelay.Seconds(), s.Stddev.Seconds(), now)
	}
	if s.ProbeFrom.Sub(w.shared.ProbeFrom).Abs() > sameProbe {
		p := &w.state.Probe
		p.From, p.Tail, p.Until = now.Add(time.Until(s.ProbeFrom)), now.Add(time.Until(s.ProbeTail)), now.Add(time.Until(s.ProbeUntil))
		w.judgment.begin(*p, w.delay.delay(), s.Served, w.delay.service)
	}
	w.judge(now)
	w.shared = s
}

// Report adds to r what the window has measured.
func (w *Window) Report(r *shared.Report, now gate.Instant) {
	r.InFlight = w.inflight.n
	r.Service = seconds(w.delay.service)
	r.ServerDelay, r.Stddev = seconds(w.delay.delay()), seconds(w.delay.stddev())
	r.Refused, r.Served = w.refused.rate(now), w.served.rate(now)
}
