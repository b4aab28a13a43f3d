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
// A client that is limited by a rate alone fills the queue as soon as other programs use the
// tenant, and then all wait for seven seconds. One that learns from 429s keeps the queue
// full, because a 429 comes only when it is: in simulations AIMD and the adaptive mode of
// AWS's SDKs keep a delay of 6 s, with 20 to 150 429s a minute on both sides. The delay
// rises with the first request that waits, and is the same for every client.
//
// So the controller sets the number of requests in flight. With K in flight in a queue that is
// served at D a second, they wait K/D, whatever rate the others send at; and a window stops by
// itself when answers stop.
//
// # How it decides
//
// [Window] is the gate. It uses three estimates:
//
//   - latency, one per operation: the mean time without a queue, and its noise. The noise
//     comes from the difference of consecutive answers, in which the queue cancels out. Of the
//     requests sent before any answer the fastest are answered first, so they are not used.
//   - delayEstimator: each answer less its operation's mean is a measurement of the queue,
//     weighted by the operation's noise; a Kalman filter combines them.
//   - the queued share: our rate times the delay, by Little's law, is how many of our
//     requests wait in the server's queue.
//
// Twice a second the size grows when that share is below the target and requests wait for
// room, and shrinks when it is above, as TCP Vegas does (Brakmo and Peterson, 1995). One
// request must wait, or gaps between others' requests stay unused. Since each process keeps
// as many, uncoordinated processes obtain equal shares. Uncertainty raises the target.
// The size grows faster towards what sufficed when there was no queue.
//
// A 429 means that the queue is full whatever the estimates say: it multiplies the size by
// 0.6. If a fifth of our requests are answered 429 for long, others send more than the server
// takes, and a pause or a smaller size would starve us for no gain. Then attempts come
// at a fixed, small rate (Competing). With only batch work the target is a third as high, there
// is no least rate, and after an answer the server is left alone for a moment: what others want goes
// first.
//
// # Who else is there
//
// Every 17 s one request at a time is in flight for a moment (BBR's ProbeRTT, Cardwell et
// al., 2016). We send x of the R that the server processes, so at least x/R of a queue q
// is ours and leaves it meanwhile: the delay falls by F, with q·x/R ≤ F ≤ q. So
// q is between F and F·R/x, whatever the latency without a queue is. The result depends on the others:
//
//   - Open loops, which send whatever we do: the queue empties.
//   - Closed loops, scripts whose workers wait for an answer before the next request: it falls
//     by our own part, and the rest remains. To obtain a share of the server costs the same share of
//     its queue: the target is 0.7 of what remains, 16 requests at most.
//   - A slower API: it falls by less than our own part. What is above F·R/x is the server's own
//     time. Evidence is gathered over probes, as the others' requests vary.
//   - Slow operations alone, of which one answer says little: they learn only what the gathered
//     evidence proves to be no queue. Otherwise they take the others' queue for their own time.
//     If it proves that the API is slower, they learn it at once, as precise ones do.
//   - A train of 12 requests, 1/R apart, after a probe: at a saturated server each waits 1/R longer than the one
//     before, at one that is slower all wait equally long (packet pairs, Keshav, 1991), also with a leaky
//     release. Batch work alone has one request in flight in a delay, and so nothing else to learn from.
//
// What operations take is kept over restarts where there is a Store ([Baselines]). A process that
// starts in a queue knows it then, and makes others wait 1.0 s longer in its first minute instead of
// 4.2 s. If the API has become slower meanwhile, that looks like a queue too. The first requests,
// sent at once, are a train, which distinguishes the two; until one has, each probe has a train.
//
// Probes are at common times of the wall clock: uncoordinated processes would otherwise each
// measure the others' queue. Whoever obtains little may be one of many, and sends the more slowly in a
// probe: with one request in flight of each of ten processes the queue would not empty.
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
//   - They do not yield as the delay grows, since their number does not add to the target.
//   - They send no trains.
//   - Their target does not grow beside closed loops, since processes do not share what remains. (Shared as a mean,
//     or computed from the falls that all have measured, it is wrong beside open loops: each process
//     has few answers in a probe, and a baseline of its own. Others waited 0.8 s instead of 0.4 s,
//     beside a square wave 2.4 s instead of 1.2 s.)
//   - They compute a rate from the size: the answers a second, and what brings the requests in
//     flight to the size within a second. A window over a network would cost a round trip a request.
//
// # What was tried and dropped
//
//   - Netflix's Vegas and Gradient2 over all operations together: slow calls read as a
//     queue (0.20 of the capacity), or a standing queue becomes the baseline.
//   - A rate instead of a window for a process alone (Copa's α/delay): a low delay and few
//     429s, but 3 to 24 % of the free capacity is lost when the others' load moves.
//   - A gate that leaves noisy operations out: an operation of 4 s alone fell to 3 % of the
//     capacity. Weights by the noise do better.
//   - The least latency minus a percentile: it said 0 while the queue was 4 s long.
//   - The noise as the distance from the mean: the queue's own swing makes all operations
//     look noisy, so none has weight, and the window grows without a measurement.
//   - To learn the baseline from requests sent near a 429, whose wait is known, and a bound
//     from the age of requests without an answer: neither changed a figure.
//   - Trains whose requests are sent at once: a leaky release spreads them without a queue. Batch work uses 0.15 of
//     what is free after such an API has become slower by 3 s instead of 0.80, and other work 0.76
//     instead of 0.84. If what comes at once after a probe does not count, 0.80 instead of 0.88 is used
//     beside 10 workers after an API has become slower by 3 s.
//   - Higher targets, 3 to 6 requests: others wait 0.9 s instead of 0.3 s, and a script with one
//     worker keeps 0.31 of its speed instead of 0.57.
//   - Three probes in a row in which half of the delay stays, as proof of a slower API: a
//     queue of closed loops stays as well, and was taken for one.
//   - Noisy operations that learn the mean of a probe: beside jobs of slow calls alone, others
//     waited 2.5 s in random mixes instead of 1.2 s.
//   - Overload by the delay after a probe: ten processes fill the queue again by then, and keep
//     one another in overload. The delay that remains in a probe is used instead.
//   - All that remains in a probe as the server's own time, once a part of it is proven: an API that
//     is slower is found in one step, but ten processes wait 4.4 s instead of 2.5 s, and beside
//     20 workers of a script we are served 3.3 a second instead of 4.4.
//   - Probes three times as often while a slower API is suspected: uncoordinated processes
//     then probe at different times, and take one another's queue for the server's time.
//   - Trains after each probe: ten processes fill the queue with them, also with batch work.
//   - A gate that delays requests as soon as the delay grows, before the answers show an
//     excess: beside a square wave others wait 1.0 s instead of 1.15 s, but after a burst
//     nothing is known of the queue until it is empty, and 0.06 of what is free is lost.
//   - Batch work with a target of 0.2: it takes its own noise for a queue after bursts, and in one
//     run of twelve used half of what was free.
//   - Batch work with the target of other work while a delay that stays in probes may be the server's
//     own time: after an API has become slower twice as much is used with a leaky release, but a script
//     of 10 workers keeps 0.78 of its speed instead of 0.92, or 0.56 if trains do not count.
//   - The delay of now, extrapolated by its slope: a burst looks like a load that stays, and the
//     other way round, until a request that was sent after it is answered.
//   - All of what closed loops keep in the queue as our target, instead of 0.7: ten processes
//     without coordination take one another for closed loops, and make 109 429s a minute.
//   - A bound of 5 for that target while our own part of the delay is less than the noise of its fall: no row
//     changes. A bound of 20 instead of 16, and all of what they keep instead of 0.7: beside 70 workers twice the
//     429s, beside 20 as much as before.
//   - A target that grows with our rate to the power of 0.3, so that many processes have a low one: ten processes wait
//     1.5 s instead of 1.9 s, but four share less fairly, and beside 10 workers we are served 4.8 a second in
//     some runs instead of 6.0. A yield from a delay of 0.6 s on: 1.6 s, with Jain's index 0.91 instead of 0.97.
//   - Probes of 3 times the delay instead of 2 times: ten processes wait 1.4 s, but beside 20 workers we are served 3.0
//     a second instead of 4.3.
//   - That noisy operations alone learn what stands, as precise ones do: in random mixes of slow calls 0.98 of what is
//     free is used instead of 0.93, and others wait 2.0 s instead of 1.0 s.
//   - Envoy's gradient and admission control presume that all traffic passes through them.
//
// Of slow operations, in 10 random mixes of them, in which without any of this others wait 1.34 s
// longer and 0.926 of what is free is used:
//
//   - What they take known exactly from the start: 1.44 s, 0.953. So the error of the mean is not
//     what makes the delay wrong (right in 0.24 of the seconds instead of 0.20): it is old.
//   - All that a probe leaves, or what it leaves less what stands, learnt at once: 2.8 s, as a
//     probe of 1 to 2 s does not empty the queue.
//   - The mean of all that were sent before the twentieth answer, as the fastest are answered
//     first: 1.6 to 2.0 s, as more of the first queue is learnt.
//   - A delay that changes by 0.2 s instead of 0.3 s a second: 1.15 s, but 0.896.
//   - No least growth, and gains that fall with the mean age of what is known: 0.9 s, but 0.867.
//   - A delay below 0 that widens as one above 0 narrows, and half of the uncertainty: 0.8 s, but 0.80.
//
// # How right the reported delay can be
//
// An answer tells what the queue was when its request was sent. An estimator that read the queue
// exactly from the newest answers would be right to 0.3 s in 0.73 of the seconds of 80 random
// mixes: 0.91 with fast operations, 0.84 with mixed ones, 0.44 with operations of 4 s alone, 0.75 after
// an API has become slower by 1 to 3 s. This controller is in 0.56: 0.82, 0.73, 0.20, 0.48.
//
// # What is assumed, and where it is wrong
//
//   - The limit is known. Where the tenant processes less, the window still follows delays and 429s, but
//     shares, the others' rate and what a probe proves are computed from a wrong R.
//   - The queue is first come, first served, and one for all operations. With a queue for each
//     operation, a slow one makes all wait.
//   - Others do not change their rate because of our probes. Rivals that fill what we leave
//     look like closed loops or a slower API.
//   - A leaky release (one request each 1/R) queues what comes together although the server is
//     not saturated: 3 to 5 % of the free capacity is lost, and the first requests of a process, which are
//     sent at once, do not tell whether it has become slower.
//   - A release by fixed windows of a second makes the delay swing within each second: others wait 0.5 to 0.6 s.
//   - Beside 20 closed-loop workers or more, the queue that stands differs from probe to
//     probe, and our share varies: 4 a second where 5 would be fair; beside 40, 3 a second.
//   - Batch work alone after an API has become slower: 0.8 to 0.95 of what is free is used over ten minutes,
//     0.1 to 0.8 beside a script of 10 workers. With a leaky release it is 0.8.
//   - An API that becomes slower by 3 s: our requests are few when the probe comes, which proves
//     little. It takes a minute or two, and 0.7 to 0.9 of what is free is used over ten minutes.
//   - Jobs of nothing but slow operations (4 s) beside others: the reported delay is right to 0.3 s in
//     a fifth of the seconds, and others wait 1.3 s.
//   - A process that starts inside a full queue for the first time, or without a Store, takes it for the normal
//     latency until probes correct it. Beside others that leave 1 request a second, probes are too short for that:
//     the queue stays full for more than ten minutes. Processes that share a limit adopt the others' estimate.
//   - A process that knows the API from a time when it was faster uses 0.65 to 0.8 of what is free in the first
//     minute. With a leaky release, which spreads trains, it is 0.1 after the API has become slower by 3 s,
//     and 0.5 over four minutes.
//   - Several processes beside other programs that fill the tenant by themselves, with open and closed
//     loops, keep one another in overload: 350 429s a minute, as many of the others'.
//   - Ten uncoordinated processes keep a delay of 2.0 s, as each keeps its share; of unlike
//     round trips (10 ms to 2 s) 5 s, with 30 429s a minute.
//   - In overload, and beside rivals that react only to 429s, attempts at a fixed rate are answered 429
//     more often than at a lower rate: 37 a minute for 1.7 requests a second that are served.
//
// # Constants
//
// Each constant has its unit, its reason and its source: a paper, Aprimo's documented
// limits, a simulation (a discrete-event model of the tenant), or ".ci/lab", which
// measures this code beside other clients in virtual time. "Judgement" means that no
// measurement stands behind it.
package congestion
