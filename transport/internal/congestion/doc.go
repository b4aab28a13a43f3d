// Package congestion decides how many requests may be in flight, so that few of them wait
// in the server's queue. This text is the design of that controller.
//
// # The server
//
// A tenant processes R = 15 requests a second, for all integrations together. It queues
// up to 100 more, first come first served, and answers 429 beyond that; the last of the
// 100 begins 6.7 s later. So Aprimo documents it. Three more things are assumed:
//
//   - All operations share one queue. Its length is the same for all who send now.
//   - There is no header to go by: neither the queue's length nor the others' requests are
//     visible, and a Retry-After may be missing.
//   - What an operation takes without a queue changes slowly, and differs by operation:
//     20 ms for a record, 4 s for an order.
//
// # The signal is the delay, not the 429
//
// A client that is bound by a rate alone fills the queue as soon as anybody else uses the
// tenant, and then all wait for seven seconds. One that learns from 429s keeps the queue
// full, because a 429 comes only when it is: in simulations AIMD and the adaptive mode of
// AWS's SDKs live at 6 s of delay, with 20 to 150 429s a minute on both sides. The delay
// rises with the first request that waits, and is the same for every client.
//
// The lever is the number of requests in flight. K in flight behind a queue that serves D
// a second wait K/D, whatever rate the others send at; and a window stops by itself when
// answers stop.
//
// # How it decides
//
// [Window] is the gate. Three estimates stand behind it:
//
//   - latency, one per operation: the mean time without a queue, and its noise. The noise
//     comes from the difference of consecutive answers, in which the queue cancels out.
//   - delayEstimator: each answer less its operation's mean is a measurement of the queue,
//     weighted by the operation's noise; a Kalman filter combines them.
//   - the queued share: our rate times the delay, by Little's law, is how many of our
//     requests wait in the server's queue.
//
// Once a second the window grows when that share is below a low target and requests wait
// for room, and shrinks when it is above a high one, as TCP Vegas does (Brakmo and
// Peterson, 1995). The step is half of the difference, at least 1. A few must wait, or
// gaps between others' requests stay unused. Since each process keeps as many,
// uncoordinated processes obtain equal shares. What is uncertain widens the band between
// the targets. A 429 means that the queue is full whatever the estimates say: it
// multiplies the window by 0.6.
//
// If the delay stays above 5 s although hardly one of our requests is in flight, others
// keep the queue full and react to nothing but 429s. To yield further would starve us for
// no gain. The window then holds a fixed share (Competing).
//
// # One law, alone and together
//
// [State] is what the controller remembers, and its Step is the whole law: a function of
// the State, the time and an [Observation], with no other input. A process alone keeps the
// State in its Window and makes a step with each answer, by its own clock. Processes that
// share a limit keep it in a store between them, by the store's clock: whichever process
// finds a step due reads the State and what all have measured, computes, and replaces the
// State if no other process has done so meanwhile. Estimates stay with each process.
//
// Processes together differ in four ways, each with its reason at the constants:
//
//   - Their target is lower: they share one, and more answers measure it.
//   - They do not yield as the delay grows, since their number does not add to the target.
//   - They do not compete.
//   - They get a rate from the size: answers a second, and what brings the requests in flight
//     to the size within a second. A window over a network would cost a round trip a request.
//
// # Why probes
//
// The hard part is the latency without a queue. Kept for ever, an API that becomes slower
// reads as a queue, and starves us: 0.23 to 0.59 of the free capacity in simulations.
// Forgotten after minutes, a standing queue becomes the normal latency, the delay drifts
// to 5 s and 429s return. What tells the two apart is a short time with one request in
// flight (BBR's ProbeRTT, Cardwell et al., 2016): if the delay falls, the queue was ours.
// If it stays three times in a row, it counts as the server's own time. A precise operation
// is judged by its least answer, any other one by the mean. Probes are at common
// times of the wall clock: processes that do not know each other would otherwise each
// measure the others' queue.
//
// # What was tried and dropped
//
//   - Netflix's Vegas and Gradient2 over all operations together: slow calls read as a
//     queue (0.20 of the capacity), or a standing queue becomes the baseline.
//   - A rate instead of a window for a process alone (Copa's α/delay): a low delay and few
//     429s, but 3 to 24 % of the free capacity is lost when the others' load moves.
//   - A gate that leaves noisy operations out: an operation of 4 s alone fell to 3 % of the
//     capacity. Weights by the noise do better.
//   - The least latency minus a percentile: read 0 while the queue was 4 s long.
//   - The noise as the distance from the mean: the queue's own swing makes all operations
//     look noisy, none is believed, and the window grows blindly.
//   - To learn the baseline from requests sent near a 429, whose wait is known, and a bound
//     from the age of requests without an answer: neither changed a figure.
//   - Envoy's gradient and admission control presume that all traffic passes through them.
//
// # Where it is wrong
//
//   - A script with one worker that sends the next request when the last is answered runs
//     beside us at 31 % of its speed: half a second more on each request. Targets of 1 and 2
//     would make that 45 %, but lose 5 % with slow operations alone.
//   - Beside scripts that keep 20 requests or more waiting, the queue never empties in a
//     probe, counts as the server's own time after three, and the reported delay is too
//     low: 0.8 s of 3.0 s with 20, 1.1 s of 4.8 s with 40.
//   - Whoever starts inside a full queue takes it for the normal latency. Processes that
//     share a limit adopt the others' estimate; uncoordinated ones do not.
//   - Only slow and noisy operations beside others: the estimate is worth little.
//   - An API that has become slower by a second is known for that only after three probes:
//     for a minute part of the free capacity is left unused.
//   - Ten uncoordinated processes keep a delay of 3 to 4 s, as each keeps its share.
//
// # Constants
//
// Each constant has its unit, its reason and its source: a paper, Aprimo's documented
// limits, a simulation (a discrete-event model of the tenant), or ".ci/lab", which
// measures this code beside other clients in virtual time. "Judgement" means that no
// measurement stands behind it.
package congestion
