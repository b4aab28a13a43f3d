package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// A UniqueKey identifies a record by a field whose value no other record has. The field
// must be indexed, or searches do not find it.
type UniqueKey struct {
	FieldID   string // id of the field's definition
	FieldName string // name of the same definition
	Value     string // the record's value, compared exactly

	// Since is when an earlier run may have sent the record; zero if none has. A program
	// that must survive a crash stores the time before it calls CreateOnce.
	Since time.Time

	// IndexDelay is for how long after it was sent a search may not find a record: the
	// time in the server's queue and until it is indexed. Zero means 30 s.
	IndexDelay time.Duration
}

const defaultIndexDelay = 30 * time.Second

// maxCreates is the number of times a record is sent at most, each time after a search that
// did not find it.
const maxCreates = 20

// CreateOnce creates a record with a unique key and sets the key's field. If it is unknown
// whether an attempt has created the record, CreateOnce waits for IndexDelay, searches for
// the key, and sends the record again only if it does not exist. Calls that wait at the same
// time share searches. Without such a failure it sends one request, like Create.
//
// If key.Since is set, CreateOnce searches before it sends anything. The returned record has
// at least its ID; a record that was found has also the key's field. If the outcome is still
// unknown in the end, the error is an [*UnknownOutcomeError]: call CreateOnce again, with
// Since. Two programs that create the same key at the same time can both create it.
func (r *Records) CreateOnce(ctx context.Context, key UniqueKey, record RecordChange, opts ...CallOption) (*Record, error) {
	if err := key.check(); err != nil {
		return nil, err
	}
	record.Fields.AddOrUpdate = append(slices.Clip(record.Fields.AddOrUpdate), SetValue(key.FieldID, key.Value))
	absent := key.Since.IsZero()
	if !absent {
		absent = key.settlesIn() <= 0
		if found, err := r.find(ctx, key, gatherBriefly); found != nil || err != nil {
			return found, err
		}
	}
	var lost *UnknownOutcomeError
	for range maxCreates {
		if !absent {
			if found, err := r.findSettled(ctx, key); found != nil || err != nil {
				return found, err
			}
		}
		if lost != nil && lost.created {
			key.Since = time.Now() // the index takes longer than expected
			continue
		}
		rec, err := r.Create(ctx, record, opts...)
		switch {
		case err == nil:
			return rec, nil
		case !errors.As(err, &lost):
			return r.refused(ctx, key, err)
		}
		absent, key.Since = false, time.Now()
	}
	return nil, lost
}

// refused returns the record if the server refused it because an earlier attempt has
// created it; otherwise the refusal.
func (r *Records) refused(ctx context.Context, key UniqueKey, refusal error) (*Record, error) {
	if key.Since.IsZero() {
		return nil, refusal
	}
	if found, err := r.find(ctx, key, gatherBriefly); found != nil && err == nil {
		return found, nil
	}
	return nil, refusal
}

// findSettled searches for a key when a search must find its record, if there is one.
func (r *Records) findSettled(ctx context.Context, key UniqueKey) (*Record, error) {
	if err := sleep(ctx, key.settlesIn()); err != nil {
		return nil, &UnknownOutcomeError{Err: fmt.Errorf("aprimo: create: %w", err), advice: callAgain}
	}
	return r.find(ctx, key, max(key.delay(), gatherLost))
}

const callAgain = "the record may exist: call CreateOnce again, with UniqueKey.Since"

// settlesIn returns how long a search may not find the record yet.
func (k UniqueKey) settlesIn() time.Duration {
	delay := k.delay()
	return min(delay, time.Until(k.Since.Add(delay))) // the clock may have been set back
}

func (k UniqueKey) delay() time.Duration { return cmp.Or(k.IndexDelay, defaultIndexDelay) }

func (k UniqueKey) check() error {
	switch {
	case k.FieldID == "" || k.FieldName == "":
		return errors.New("aprimo: create: UniqueKey has no FieldID or no FieldName: set both to those of one field definition")
	case strings.ContainsAny(k.FieldName, `'"`):
		return fmt.Errorf("aprimo: create: the field name %q contains a quote, which a search cannot express: use another field", k.FieldName)
	case strings.TrimSpace(k.Value) == "":
		return errors.New("aprimo: create: UniqueKey.Value is empty: set it to a value that no other record has")
	case k.IndexDelay < 0:
		return fmt.Errorf("aprimo: create: UniqueKey.IndexDelay is %v: use 0 for the default, or more", k.IndexDelay)
	}
	return nil
}

// How long a search waits for more keys to search for, and for how many. After a lost answer
// it waits for IndexDelay, or gatherLost if that is longer: lost answers are many at once, the
// wait is long anyway, and one search for many keys costs the tenant little.
const (
	gatherBriefly = 100 * time.Millisecond
	gatherLost    = time.Second
	maxGathered   = 500 // keys in one search
)

// keySearches holds the searches that still gather keys. It is part of a Records.
type keySearches struct {
	mu   sync.Mutex
	open map[searchedField]*keySearch
}

type searchedField struct {
	name string
	wait time.Duration
}

// A keySearch is one search for the keys of several calls.
type keySearch struct {
	field  searchedField
	values []any
	calls  int                // that wait for it; guarded by keySearches.mu
	stop   context.CancelFunc // called when none does
	done   chan struct{}
	found  map[string]*Record // by value
	err    error
}

// find searches for the record with a key, together with other calls that search within wait.
// It returns nil if there is none.
func (r *Records) find(ctx context.Context, key UniqueKey, wait time.Duration) (*Record, error) {
	s := r.join(ctx, key, wait)
	defer r.leave(s)
	err := error(nil)
	select {
	case <-s.done:
		err = s.err
	case <-ctx.Done():
		err = endOf(ctx)
	}
	if err != nil {
		return nil, &UnknownOutcomeError{Err: fmt.Errorf("aprimo: create: searching for the record: %w", err), advice: callAgain}
	}
	return s.found[key.Value], nil
}

func (r *Records) join(ctx context.Context, key UniqueKey, wait time.Duration) *keySearch {
	r.searches.mu.Lock()
	defer r.searches.mu.Unlock()
	field := searchedField{key.FieldName, wait}
	s := r.searches.open[field]
	if s == nil {
		s = &keySearch{field: field, done: make(chan struct{})}
		ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
		if r.searches.open == nil {
			r.searches.open = map[searchedField]*keySearch{}
		}
		r.searches.open[field] = s
		go r.search(ctx, s)
	}
	s.calls++
	if s.values = append(s.values, key.Value); len(s.values) == maxGathered {
		delete(r.searches.open, field)
	}
	return s
}

// leave ends a search for which no call waits any longer.
func (r *Records) leave(s *keySearch) {
	r.searches.mu.Lock()
	defer r.searches.mu.Unlock()
	if s.calls--; s.calls == 0 {
		s.stop()
		r.closeSearch(s)
	}
}

// closeSearch admits no more calls to a search. r.searches.mu is held.
func (r *Records) closeSearch(s *keySearch) {
	if r.searches.open[s.field] == s {
		delete(r.searches.open, s.field)
	}
}

func (r *Records) search(ctx context.Context, s *keySearch) {
	defer close(s.done)
	err := sleep(ctx, s.field.wait)
	r.searches.mu.Lock()
	r.closeSearch(s)
	r.searches.mu.Unlock()
	for delay := firstPollDelay; err == nil; delay = min(maxPollDelay, 2*delay) {
		if guard("the HTTP client", &s.err, func() error { return r.searchFor(ctx, s) }); s.err == nil || !passes(ctx, s.err) {
			return
		}
		err = sleep(ctx, delay)
	}
	s.err = err
}

// searchFor finds the records with the keys. If several have the same, the oldest counts.
func (r *Records) searchFor(ctx context.Context, s *keySearch) error {
	is := "FieldName('" + s.field.name + "') = ?"
	e := Expression{Text: is + strings.Repeat(" or "+is, len(s.values)-1), Parameters: s.values}
	s.found = map[string]*Record{}
	for rec, err := range r.Search(ctx, e, SelectFields(s.field.name)) {
		if err != nil {
			return err
		}
		field := rec.Fields.Get(s.field.name)
		if field == nil {
			continue
		}
		for _, value := range field.Values {
			for _, text := range value.texts() {
				if other := s.found[text]; other == nil || rec.CreatedOn.Before(other.CreatedOn) {
					s.found[text] = rec
				}
			}
		}
	}
	return nil
}
