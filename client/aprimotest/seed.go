package aprimotest

import (
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"strings"
)

// seedID returns the id of a document of the start.
func seedID(kind, name string) string {
	if kind == "languages" && name == "English" {
		return englishID
	}
	sum := fnv.New128a()
	io.WriteString(sum, kind+"/"+strings.ToLower(name))
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// seeds are the few documents that every tenant has.
var seeds = []struct {
	list, name string
	doc        document
}{
	{"languages", "English", document{"culture": "en-US", "isEnabledForFields": true, "isEnabledForUI": true}},
	{"contenttypes", "Asset", document{"isManual": false}},
	{"fielddefinitions", titleField, document{"label": titleField, "dataType": "SingleLineText"}},
	{"fielddefinitions", "Description", document{"label": "Description", "dataType": "MultiLineText"}},
	{"fielddefinitions", "Keywords", document{"label": "Keywords", "dataType": "TextList"}},
	{"filetypes", "Jpg", document{"extension": "jpg", "kind": "Jpg", "mimeType": "image/jpeg", "isCatalogable": true}},
	{"users", seedUser, document{"email": seedUser + "@example.com", "firstName": "Adam", "lastName": "Administrator"}},
	{"classifications", "Assets", document{"identifier": "assets", "isRoot": true}},
	{"checkcategories", "General", document{}},
	{"actiontypes", "Manual", document{}},
	{"permissions", ".RoleExecuteMaintenanceJobs", nil},
	{"permissions", ".RoleViewMaintenanceJobs", nil},
	{"permissions", "EditRecords", nil},
	{"permissions", "ViewMaintenanceJobs", nil},
}

func (s *store) seed() {
	for _, one := range seeds {
		id := one.name // of what is found by its name
		doc := document{"name": one.name}
		if one.doc != nil {
			id = seedID(one.list, one.name)
			doc["id"] = id
		}
		maps.Copy(doc, one.doc)
		doc["~createdBy"], doc["~modifiedBy"] = seedID("users", seedUser), seedID("users", seedUser)
		if prepare := s.saves[strings.TrimSuffix(one.list, "s")]; prepare != nil {
			prepare(id, doc, one.list) // never fails with these
		}
		s.collection(one.list).add(doc, id, s.epoch)
	}
	s.settleAll()
}

// completeContentType adds what a content type has if it was not sent.
func completeContentType(_ string, doc document, _ string) {
	if doc["titleConfiguration"] == nil {
		doc["titleConfiguration"] = document{"option": "FileName", "showExtension": true}
	}
}
