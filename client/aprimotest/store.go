package aprimotest

import (
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	seedUser = "administrator"

	defaultRecords       = 3
	defaultIndexDelay    = 3 * time.Second
	defaultOrderTime     = 10 * time.Second
	defaultFileSize      = 1024
	defaultSearchCeiling = 10_000
)

// A store is all that the tenant remembers, apart from its tokens. One lock is
// over all of it: a request is worked out while no other is.
type store struct {
	mu sync.Mutex

	tenant  *Tenant // for its settings
	epoch   time.Time
	initial int // records of the start

	lookups  map[string]func(id string) object // see special.go
	finders  map[string]func(object, *query) any
	overlays map[string]func(object) document
	saves    map[string]func(id string, doc document, list string)

	request *http.Request     // the one that is answered
	records []*record         // by number; nil for one of the start that nobody changed
	owners  map[string]uint64 // the records of parts, by id
	docs    map[string]*collection

	uploads  []*upload
	orders   map[string]*order
	blobs    map[string]*blob
	logins   map[string]string // the names of those who sent requests, by their ids
	searched map[string]bool   // the dynamic collections that are being searched for
	ids      uint64            // given so far, to what is not a record
}

func (s *store) open(t *Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenant, s.epoch, s.initial = t, kept(t.epoch), max(0, orDefault(t.Records, defaultRecords))
	s.records = make([]*record, s.initial)
	s.owners, s.docs = make(map[string]uint64), make(map[string]*collection)
	s.orders, s.blobs = make(map[string]*order), make(map[string]*blob)
	s.logins, s.searched = make(map[string]string), make(map[string]bool)
	s.lookups, s.finders, s.overlays, s.saves = s.newLookups(), s.newFinders(), s.newOverlays(), s.newSaves()
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
	name := s.tenant.tokens.of(r).user
	if name == "" {
		return seedUser
	}
	s.logins[nameID(name)] = name
	return name
}

// userObject finds a user: one that was made, or one who has made something.
func (s *store) userObject(id string) object {
	doc := s.collection("users").byID[id]
	if name := s.logins[id]; doc == nil && name != "" {
		doc = document{"id": id, "name": name, "email": name + "@example.com", "createdOn": stamp(s.epoch), "modifiedOn": stamp(s.epoch)}
	}
	return object{doc: doc, list: "users"}
}

// seedID returns the id of a document of the start.
func seedID(kind, name string) string {
	if kind == "languages" && name == "English" {
		return englishID
	}
	sum := fnv.New128a()
	io.WriteString(sum, kind+"/"+strings.ToLower(name))
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func (s *store) seed() {
	for _, one := range seeds {
		id := one.name // of what is found by its name
		doc := union(document{"name": one.name, "~createdBy": nameID(seedUser), "~modifiedBy": nameID(seedUser)}, one.doc)
		if one.doc != nil {
			id = seedID(one.list, one.name)
			doc["id"] = id
		}
		if prepare := s.saves[strings.TrimSuffix(one.list, "s")]; prepare != nil {
			prepare(id, doc, one.list) // never fails with these
		}
		s.collection(one.list).add(doc, id, s.epoch)
	}
	s.settleAll()
}
