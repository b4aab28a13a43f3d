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
	defaultSignedFor     = 30 * time.Hour
)

// A store is all that the tenant remembers, apart from its tokens. One lock is
// over all of it: a request is worked out while no other is.
type store struct {
	mu sync.Mutex

	epoch          time.Time
	initial        int // records of the start
	together       int
	fileSize       int64
	indexDelay     time.Duration
	signedFor      time.Duration
	ceiling        int
	orderTime      time.Duration
	deletesTrees   bool
	dynamicRecords bool
	strict         Strict
	login          func(*http.Request) string

	lookups  map[string]func(id string) (object, bool) // see special
	finders  map[string]func(object, *query) any
	overlays map[string]func(object) document
	saves    map[string]func(id string, doc document, list string)

	request  *http.Request     // the one that is answered
	records  []*record         // by number; nil for one of the start that nobody changed
	owners   map[string]uint64 // the records of parts, by id
	docs     map[string]*collection
	attached map[string]document // the documents of which an object has but one, by their paths
	uploads  []*upload
	orders   map[string]*order
	blobs    map[string]*blob
	logins   map[string]string // the names of those who sent requests, by their ids
	searched map[string]bool   // the dynamic collections that are being searched for
	ids      uint64            // given so far, to what is not a record
}

func (t *Tenant) open(now time.Time) {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	s := &t.store
	s.epoch = kept(now)
	s.together = max(1, t.CreatedTogether)
	s.fileSize = max(0, orDefault(t.FileSize, defaultFileSize))
	s.indexDelay = max(0, orDefault(t.IndexDelay, defaultIndexDelay))
	s.orderTime = max(0, orDefault(t.OrderTime, defaultOrderTime))
	s.ceiling = orDefault(t.SearchCeiling, defaultSearchCeiling)
	s.login = func(r *http.Request) string { return t.tokens.user(r) }
	s.signedFor = orDefault(max(0, t.SignedFor), defaultSignedFor)
	s.strict, s.deletesTrees, s.dynamicRecords = t.Strict, t.DeleteTrees, t.DynamicRecords
	s.logins = make(map[string]string)
	s.owners, s.searched = make(map[string]uint64), make(map[string]bool)
	s.docs, s.orders = make(map[string]*collection), make(map[string]*order)
	s.attached = make(map[string]document)
	s.blobs = make(map[string]*blob)
	s.initial = max(0, orDefault(t.Records, defaultRecords))
	s.records = make([]*record, s.initial)
	s.special()
	s.seed()
}

// newID returns an id that nothing else has. Records count from one; what
// belongs to a record of the start has a letter in front.
func (s *store) newID() string {
	s.ids++
	return hexID(1<<48 | s.ids)
}

// user returns who sent a request: the user of its token, who can be looked up from
// then on.
func (s *store) user(r *http.Request) string {
	name := s.login(r)
	if name == "" {
		return seedUser
	}
	s.logins[nameID(name)] = name
	return name
}

// userObject finds a user: one that was made, or one who has made something.
func (s *store) userObject(id string) (object, bool) {
	doc := s.collection("users").byID[id]
	if name := s.logins[id]; doc == nil && name != "" {
		doc = document{"id": id, "name": name, "email": name + "@example.com", "createdOn": stamp(s.epoch), "modifiedOn": stamp(s.epoch)}
	}
	return object{doc: doc, list: "users"}, doc != nil
}
