// Package redislimit keeps one limit over many processes, with Redis or Valkey
// between them: an integration that runs on several machines, or several
// integrations of one tenant, send together no more than the tenant takes.
//
//	limiter := redislimit.New(redis.NewClient(&redis.Options{Addr: "redis:6379"}), "acme")
//	defer limiter.Close()
//	http.DefaultClient.Transport = transport.New(transport.WithLimiter(limiter))
//
// The limit is strict: no more than n requests begin in any second, by Redis's
// clock, whoever makes them. A process reserves one slot at a time, with one call
// of an atomic script, and gives it to its best waiter when it falls due. So the
// processes take turns, which shares the limit max-min fairly: who needs little
// gets it at once, the others get equal parts of the rest.
//
// A 429 that one process sees pauses all of them, for an hour at most, and after the pause
// one request of one process goes first. All processes measure the delay that the server
// adds, and adjust one common rate to it, so that other programs get their part, and 429s do
// not grow with the number of processes. Redis only stores what they need for that: whichever
// process finds a step due computes it, and replaces the state unless another process has
// done so.
//
// When Redis is slow (a quarter of a second), gone, read-only, full or confused, or one of the
// scripts fails, each process goes on alone with its part of the limit, by the number of
// processes that were seen last. It shares again as soon as it has got a slot or, without
// calls, as Redis answers. No call is lost or hangs for it. If it can still reach the others,
// they leave its part free. If not, the processes may differ in what they saw last, as one
// that starts meanwhile: then more than n begin in a second, by at most the parts of those
// that some do not know of. While it lasts, Stats().Sharing of the Transport is "alone"; a
// PeersLost and later a PeersJoined event say when it changes, and why.
//
// Slots and pauses in Redis that are unreadable, or further ahead than they can be, are
// discarded, as after its clock was set back. All slots are taken for full then, so that the
// limit holds, and the process that has found it reports a PeersLost event. Unreadable
// members are removed; at most 1000 count.
//
// Processes of different versions of this package share the limit, as in a rolling
// upgrade: slots and the times of members have the same format in all versions, and what
// follows them is ignored if it is not understood. A process counts though its measurements
// cannot be read. The state of another version is replaced by a new one; the limit does not
// depend on it.
//
// A tenant takes three keys, {name} being the Cluster's hash tag: its slots (some 25
// bytes for each of 3n), its state (some 800 bytes) and its members (some 60 bytes
// each). All of them expire a minute after they were last needed: slots after their window,
// the state after the pause that it holds. The user needs these rights:
//
//	~aprimo:{acme}:* +eval +evalsha +time +hmget +hset +hdel +hgetall +lindex +lpush +ltrim +lpop +pexpire +hello
//
// and a Store +get +set as well. Passwords are removed from the errors of Redis and its
// client, whose texts are cut after 256 bytes.
//
// [Store] lets the processes count 429s together too, for one alert by one of them.
//
// It does not queue calls, answer 429s or retry: package transport does.
package redislimit
