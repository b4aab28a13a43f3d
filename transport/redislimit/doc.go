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
// A 429 that one process sees pauses all of them, and after the pause one request of one
// process goes first. All processes measure the delay that the server adds, and together
// they steer one rate by it, so that other programs get their part, and 429s do not grow
// with the number of processes. Redis only stores what they need for that: whichever
// process finds a step due computes it, and replaces the state unless another process has
// done so. A state that is unreadable, or of another version of this package, is replaced
// by a new one.
//
// When Redis is slow (a quarter of a second), gone, read-only, full or confused, each
// process goes on alone with its part of the limit, that is by the processes that
// were seen last, and comes back by itself. No call is lost or hangs for it. The
// processes may differ for a moment in what they saw last: then more than n begin in a
// second, by at most the parts of those that some do not know of. While it lasts,
// Stats().Sharing of the Transport is "alone"; a PeersLost and later a PeersJoined event tell
// when it changes.
//
// A tenant takes three keys, {name} being the Cluster's hash tag: its slots (some 25
// bytes for each of 2n), its state (some 800 bytes) and its members (some 60 bytes
// each). All of them expire a minute after they were last needed, or after the pause
// that they hold. The user needs these rights:
//
//	~aprimo:{acme}:* +eval +evalsha +time +hmget +hset +hdel +hgetall +lindex +lpush +rpush +ltrim +lpop +del +pexpire +hello
//
// and a Store +get +set as well.
//
// [Store] lets the processes count 429s together too, for one alert by one of them.
//
// It does not queue calls, answer 429s or retry: package transport does.
package redislimit
