package scripts

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// The search is small on purpose: three processes, two slots in a second, a clock that
// moves by a quarter of a second. All times are in microseconds.
const (
	processes = 3
	n         = 2
	window    = 1_000_000
	late      = 100_000 // how late a slot may be used
	step      = 250_000
	far       = 2*window + 10*window*processes/n + 10*window
	ahead     = window * (processes - 1) / n
	share     = 2 * window // a process that is alone uses one slot in that time
)

// Scripts are the sources.
type Scripts struct{ Slot, Return, Beat string }

// A process is what package redislimit knows in one.
type process struct {
	last, filled int64
	answered     int64 // by the clock of Redis
	refill       bool
	clock        int64 // how far the clock of Redis is ahead, as far as it knows
	known        bool
	slot         grant
	alone        int64 // since when it uses its part; 0: it shares
}

// A grant is a slot that was given, or used.
type grant struct {
	at, after int64 // by the clock of Redis; 0: none
	due       int64 // by the true clock
	blind     bool  // Redis had lost what it would have had to know
}

// A world is one state of everything.
type world struct {
	redis  store
	copied *store // of a replica, until it takes over
	now    int64  // the true time
	ahead  int64  // of the clock of Redis
	jumps  int
	lost   bool    // Redis has lost slots, and nobody has had them taken for full since
	filled int64   // the true time when that was done last
	used   []grant // in the last two windows
	procs  [processes]process
}

func (w *world) clone() *world {
	c := *w
	c.used = slices.Clone(w.used)
	return &c
}

// key tells states apart, whatever the time, and whichever process is which.
func (w *world) key() uint64 {
	h, b := fnv.New64a(), make([]byte, 0, 512)
	add := func(list ...int64) {
		for _, v := range list {
			b = append(strconv.AppendInt(b, v, 36), ' ')
		}
	}
	text := func(s string) {
		at, more, _ := strings.Cut(s, " ")
		if v, err := strconv.ParseInt(at, 10, 64); err == nil && v > 0 {
			add(v - w.now)
		}
		b = append(append(b, more...), ',')
	}
	for _, s := range w.redis.slots {
		text(s)
	}
	for _, s := range w.redis.state {
		text(s)
	}
	if w.copied != nil {
		for _, s := range append(w.copied.state[:], w.copied.slots...) {
			text(s)
		}
	}
	for _, g := range w.used {
		add(g.due-w.now, bit(g.blind))
	}
	add(w.ahead, int64(w.jumps), bit(w.lost), max(-3*window, w.filled-w.now))
	var procs [processes]string
	for i, p := range w.procs {
		begin := len(b)
		add(max(-3*window, p.last-w.now), p.filled-w.now, max(-3*window, p.answered-w.now), bit(p.refill), p.clock, bit(p.known), p.slot.at-w.now, p.alone-w.now)
		procs[i], b = string(b[begin:]), b[:begin]
	}
	slices.Sort(procs[:])
	for _, p := range procs {
		b = append(b, p...)
	}
	h.Write(b)
	return h.Sum64()
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// A search looks for an order of calls that breaks the limit: the shortest ones first.
type search struct{ slot, back, beat *script }

// A node is a state and how it came to be.
type node struct {
	world *world
	from  *node
	call  string
}

// starts are what has happened before a search: nothing; or slots were lost twice, and a replica
// knows of the first time only.
var starts = [][]string{
	nil,
	append(append([]string{"reserve 0", "use 0", "flush", "reserve 0", "return 0", "copy", "tick", "flush", "reserve 0"},
		slices.Repeat([]string{"tick"}, 8)...), "use 0"),
}

// Run tries all orders of calls after each of the starts, the short ones first, until it has seen
// most states. The error has the calls that broke something.
func Run(src Scripts, most int) (states int, err error) {
	s := new(search)
	for source, to := range map[*string]**script{&src.Slot: &s.slot, &src.Return: &s.back, &src.Beat: &s.beat} {
		if *to, err = compile(*source); err != nil {
			return 0, err
		}
	}
	for _, before := range starts {
		n, err := s.from(before, most/len(starts))
		if states += n; err != nil {
			return states, err
		}
	}
	return states, nil
}

func (s *search) from(before []string, most int) (states int, err error) {
	start := &node{world: &world{now: 1_000_000_000_000_000}}
	for _, name := range before {
		c := calls[slices.IndexFunc(calls, func(c call) bool { return c.name == name })]
		did, err := c.do(s, start.world)
		if err != nil || !did {
			return 0, fmt.Errorf("%s%s: %t, %w; want a call that can happen", start, name, did, err)
		}
		start = &node{start.world, start, name}
	}
	seen := map[uint64]bool{start.world.key(): true}
	for queue := []*node{start}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, c := range calls {
			next := at.world.clone()
			did, err := c.do(s, next)
			if err == nil && did {
				err = next.check()
			}
			if err != nil {
				return len(seen), fmt.Errorf("%s%s: %w", at, c.name, err)
			}
			if key := next.key(); did && !seen[key] {
				seen[key] = true
				if len(seen) >= most {
					return len(seen), nil
				}
				queue = append(queue, &node{next, at, c.name})
			}
		}
		at.world, queue[0] = nil, nil
	}
	return len(seen), nil
}

// String returns the calls that led to a node.
func (n *node) String() string {
	if n.from == nil {
		return ""
	}
	return n.from.String() + n.call + ", "
}

// A call is one thing that can happen. It reports whether it can happen now.
type call struct {
	name string
	do   func(*search, *world) (bool, error)
}

var calls = func() (all []call) {
	for i := range processes {
		add := func(name string, do func(s *search, w *world, p *process) (bool, error)) {
			all = append(all, call{fmt.Sprint(name, " ", i), func(s *search, w *world) (bool, error) { return do(s, w, &w.procs[i]) }})
		}
		add("reserve", (*search).reserve)
		add("use", func(_ *search, w *world, p *process) (bool, error) { return w.use(p, 0), nil })
		add("use late", func(_ *search, w *world, p *process) (bool, error) { return w.use(p, late), nil })
		add("return", (*search).giveBack)
		add("crash", func(_ *search, _ *world, p *process) (bool, error) {
			was := *p
			*p = process{}
			return was != *p, nil
		})
		add("part", (*search).part)
		add("use alone", func(_ *search, w *world, p *process) (bool, error) { return w.useAlone(p), nil })
	}
	return append(all,
		call{"pause", func(s *search, w *world) (bool, error) { return s.pause(w, step) }},
		call{"served", func(s *search, w *world) (bool, error) { return s.pause(w, -1) }},
		call{"flush", func(_ *search, w *world) (bool, error) {
			did := w.redis.slots != nil
			w.redis = store{}
			w.lost = true
			return did, nil
		}},
		call{"copy", func(_ *search, w *world) (bool, error) {
			copied := w.redis
			w.copied = &copied
			return true, nil
		}},
		call{"replica", func(_ *search, w *world) (bool, error) {
			if w.copied == nil {
				return false, nil
			}
			w.lost = w.lost || !slices.Equal(w.redis.slots, w.copied.slots)
			w.redis, w.copied = *w.copied, nil
			return true, nil
		}},
		call{"clock +", func(_ *search, w *world) (bool, error) { return w.jump(700_000), nil }},
		call{"clock -", func(_ *search, w *world) (bool, error) { return w.jump(-700_000), nil }},
		call{"tick", func(_ *search, w *world) (bool, error) { w.now += step; return true, nil }},
	)
}()

func (w *world) jump(by int64) bool {
	w.ahead += by
	w.jumps++
	w.lost = true
	return w.jumps == 1
}

// reserve is Limiter.reserve: it asks for a slot, to join if the process is alone.
func (s *search) reserve(w *world, p *process) (bool, error) {
	if p.slot.at != 0 {
		return false, nil
	}
	if !p.known {
		p.clock, p.known = w.ahead, true // by a beat
	}
	apart := 0
	for i := range w.procs {
		if o := &w.procs[i]; o.alone != 0 && o != p {
			apart++
		}
	}
	ours, alone := max(1, n-apart), 0
	if p.alone != 0 {
		alone = 1
	}
	free := w.free()
	misses := w.lost && w.jumps == 0 && p.alone == 0 && p.last > w.newest()
	v, err := s.slot.run(&w.redis, w.now+w.ahead, []string{"slots", "state"}, n, window, late, p.last, p.filled, bit(p.refill), ahead, far, ours, alone, 0, p.answered)
	if err != nil {
		return false, err
	}
	r, err := numbers(v)
	if err != nil {
		return false, err
	}
	if err := w.granted(p, r, free && apart+alone == 0); err != nil {
		return true, err
	}
	if misses && w.lost && r[0] == 0 {
		return true, errors.New("a process that missed its last slot has got another one, and not all count as used")
	}
	return true, nil
}

// newest returns the time of the newest slot that Redis holds, or 0.
func (w *world) newest() (at int64) {
	if len(w.redis.slots) > 0 {
		fmt.Sscan(w.redis.slots[0], &at)
	}
	return at
}

// granted is Limiter.answered.
func (w *world) granted(p *process, r []int64, free bool) error {
	what, wait, now, filled := r[0], r[1], r[2], r[3]
	if now != w.now+w.ahead {
		return fmt.Errorf("the time is said to be %d", now)
	}
	fresh := filled != p.filled
	if fresh {
		p.filled, p.refill = filled, false
	}
	p.answered = now
	if filled == now {
		w.lost, w.filled = false, w.now
	}
	if p.clock != w.ahead { // it was set: this is no slot
		p.clock, p.refill, p.last = w.ahead, !fresh, 0
		return nil
	}
	if what != 0 {
		if what == 3 && !w.lost && w.jumps == 0 {
			return errors.New("discarded what made sense")
		}
		return nil
	}
	if wait < 0 || wait > 10*window { // each reservation while others are alone adds one and a bit
		return fmt.Errorf("a slot in %d", wait)
	}
	if free && wait > 100 && filled != now {
		return fmt.Errorf("a slot in %d though there are free ones", wait)
	}
	p.slot = grant{at: now + wait, after: p.last, due: w.now + wait, blind: w.lost}
	p.last, p.alone = p.slot.at, 0
	return nil
}

// free reports whether there must be a slot at once.
func (w *world) free() bool {
	if w.lost || w.jumps > 0 || w.filled > w.now-4*window || w.redis.get("pause") > "0" || w.redis.get("hole")+w.redis.get("filled") != "" {
		return false
	}
	taken := 0
	for _, slot := range w.redis.slots {
		var at int64
		fmt.Sscan(slot, &at)
		if at > w.now {
			return false
		}
		if at+late+window > w.now {
			taken++
		}
	}
	return taken < n
}

// use begins the request of a slot that is due in this step.
func (w *world) use(p *process, by int64) bool {
	g := p.slot
	if g.at == 0 || g.due+by < w.now || g.due+by >= w.now+step {
		return false
	}
	g.due += by
	w.used = append(w.used, g)
	p.slot = grant{}
	return true
}

// useAlone begins a request of a process that is alone: it shares nothing.
func (w *world) useAlone(p *process) bool {
	if p.alone == 0 || w.now < p.alone {
		return false
	}
	w.used = append(w.used, grant{at: 1, due: w.now})
	p.alone = w.now + share
	return true
}

// part is Limiter.part.
func (s *search) part(w *world, p *process) (bool, error) {
	if p.alone != 0 || p.slot.at != 0 {
		return false, nil
	}
	p.alone = w.now + window + window*processes/n
	return true, nil
}

// giveBack is Limiter.giveBack.
func (s *search) giveBack(w *world, p *process) (bool, error) {
	if p.slot.at == 0 || p.slot.due < w.now {
		return false, nil
	}
	_, err := s.back.run(&w.redis, w.now+w.ahead, []string{"slots", "state"}, p.slot.at, late)
	p.last, p.slot = p.slot.after, grant{}
	return true, err
}

// pause is the beat of a process that has got a 429, or after a pause an answer.
func (s *search) pause(w *world, d int64) (bool, error) {
	_, err := s.beat.run(&w.redis, w.now+w.ahead, []string{"state", "members", "slots"}, "id", "", "0 0 0 0 0", 0, d, window)
	return true, err
}

// check looks at what Redis keeps, and at the requests that have begun: no more than n in any window, unless the
// last of them had its slot while Redis had lost some, and no process that knew of
// them had asked yet.
func (w *world) check() error {
	if k := len(w.redis.slots); k > 3*n+2 { // and those of processes that were alone
		return fmt.Errorf("%d slots are kept", k)
	}
	slices.SortFunc(w.used, func(a, b grant) int { return cmp.Compare(a.due, b.due) })
	for i := n; i < len(w.used); i++ {
		if first, last := w.used[i-n], w.used[i]; last.due-first.due < window && !slices.ContainsFunc(w.used[i-n:i+1], func(g grant) bool { return g.blind }) {
			return fmt.Errorf("%d begin within %d µs", n+1, last.due-first.due)
		}
	}
	for len(w.used) > 0 && w.used[0].due < w.now-2*window {
		w.used = w.used[1:]
	}
	return nil
}

func numbers(list []string) (v []int64, err error) {
	for _, s := range list {
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, err
		}
		v = append(v, i)
	}
	if len(v) != 5 {
		return nil, fmt.Errorf("%d values: %q", len(v), list)
	}
	return v, nil
}
