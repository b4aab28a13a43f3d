package aprimotest

import (
	"net/http"
	"sync"
	"time"
)

const (
	seedUser = "administrator"

	defaultIndexDelay    = 3 * time.Second
	defaultOrderTime     = 10 * time.Second
	defaultFileSize      = 1024
	defaultSearchCeiling = 10_000
)

// A store is all that the tenant remembers, apart from its tokens. One lock is
// over all of it: a request is worked out while no other is.
type store struct {
	mu sync.Mutex

	epoch      time.Time
	initial    int // records of the start
	together   int
	fileSize   int64
	indexDelay time.Duration
	ceiling    int
	orderTime  time.Duration
	login      func(*http.Request) string

	records  []*record         // by number; nil for one of the start that nobody changed
	owners   map[string]uint64 // the records of files and their versions, by id
	docs     map[string]*collection
	attached map[string]document // by the path of the subresource
	uploads  []*upload
	orders   []*order
	blobs    map[string]*blob
	ids      uint64 // given so far, to what is not a record
}

func (t *Tenant) open(now time.Time) {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	s := &t.store
	s.epoch = now
	s.together = max(1, t.CreatedTogether)
	s.fileSize = max(0, orDefault(t.FileSize, defaultFileSize))
	s.indexDelay = max(0, orDefault(t.IndexDelay, defaultIndexDelay))
	s.orderTime = max(0, orDefault(t.OrderTime, defaultOrderTime))
	s.ceiling = orDefault(t.SearchCeiling, defaultSearchCeiling)
	s.login = func(r *http.Request) string { return t.tokens.user(r) }
	s.owners = make(map[string]uint64)
	s.attached = make(map[string]document)
	s.blobs = make(map[string]*blob)
	s.fill(max(0, orDefault(t.Records, defaultRecords)))
	s.seed()
}

// newID returns an id that nothing else has. Records count from one; what
// belongs to a record of the start has a letter in front.
func (s *store) newID() string {
	s.ids++
	return hexID(1<<48 | s.ids)
}

// user returns who sent a request: the user of its token.
func (s *store) user(r *http.Request) string {
	if name := s.login(r); name != "" {
		return name
	}
	return seedUser
}

// locked returns the handler, called by one request at a time.
func (s *store) locked(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}
