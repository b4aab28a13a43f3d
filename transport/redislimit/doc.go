// Package redislimit shares one limit between processes through Redis or Valkey. An
// integration that runs on several machines, or several integrations of one tenant, together
// stay within the tenant's limit.
//
//	limiter := redislimit.New(redis.NewClient(&redis.Options{Addr: "redis:6379"}), "acme")
//	defer limiter.Close()
//	http.DefaultClient.Transport = transport.New(transport.WithLimiter(limiter))
//
// The limit is strict: in any second of Redis's clock, at most n requests begin, in all
// processes together. A process reserves one slot at a time, with one atomic script, and its
// Transport assigns the slot when it falls due. So the processes take turns, and the limit is
// shared max-min fairly: processes with few requests are served at once, the others get equal
// parts of the rest.
//
// A 429 in one process pauses all of them, for an hour at most. After the pause one process
// sends one request as a half-open probe. All processes measure the delay that the server
// adds and adjust one common rate to it. So other programs get their part, and the number of
// 429s does not grow with the number of processes. While that rate is below the limit, a process
// reserves its slot at most 0.5 s ahead, and further ahead only after a long wait, because a
// reserved slot does not follow a change of the rate. Redis only stores the state of that rate: a
// process that finds a step due computes it, and stores the result unless another process was
// faster.
//
// # What happens without Redis?
//
// Redis may be slow (no answer within 0.25 s), unreachable, read-only or full, or a script may
// fail. Then each process continues alone with its part of the limit, which is the limit
// divided by the number of processes seen last. No call is lost or hangs.
// Stats().Sharing of the Transport is "alone" meanwhile. A PeersLost event says why, and a
// PeersJoined event follows when the process shares the limit again: as soon as it gets a
// slot, or, without calls, when Redis answers.
//
// A process alone may still reach the others, for example if only the script for slots fails:
// then they leave its part free. Otherwise the processes may have seen different numbers of
// processes, for example because one started meanwhile. Then more than n requests can begin
// in a second: at most the parts of the processes that others do not know of.
//
// Redis may lose its data, or be replaced by a replica that has fallen behind. The processes notice
// it with their next slot or within 0.1 s. Then all slots count as used, as far ahead as somebody
// may hold one, so nothing new is sent for up to two seconds, or a second more for each process that
// has joined just before. A process that starts within those 0.1 s cannot know of the others' slots:
// more than n requests may begin in that second.
//
// Redis may hold slots or pauses that are unreadable or too far ahead, for example after its
// clock was set back. They are discarded, all slots count as used so that the limit holds, and
// the process that found them reports a PeersLost event. Unreadable members are removed; at
// most 1000 members count.
//
// # Operation
//
// Processes with different versions of this package share the limit, so rolling upgrades are
// safe. The format of slots and of the members' times is the same in all versions; unknown
// text after it is ignored. A member counts even if its measurements cannot be read. A state
// of another version is replaced; the limit does not depend on it.
//
// A tenant has three keys with the hash tag {name}, so that a Cluster keeps them on one node:
// slots (some 25 bytes for each of 3n), state (some 800 bytes) and members (some 80 bytes
// each). They expire a minute after their last use: the slots after their window, the state
// after its pause. The Redis user needs these rights:
//
//	~aprimo:{acme}:* +eval +evalsha +time +hmget +hset +hdel +hgetall +lindex +lpush +ltrim +lpop +pexpire +hello
//
// and, for a Store, also +get +set. Errors of Redis and its client appear without passwords,
// and are cut after 256 bytes.
//
// [Store] lets the processes count 429s together, so that one of them sends one alert.
//
// # What it does not do
//
// It does not queue calls, handle 429s or retry: package transport does.
package redislimit
