package client

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Expand requests parts of a resource and parts of those, each in the one before it, by their
// select-keys. One call then returns what several would. For the renditions of all versions of
// a record's main file:
//
//	client.Expand("record", "masterfile", "fileversions", "renditions")
func Expand(resource string, keys ...string) CallOption {
	return func(k *call) {
		for i, key := range keys {
			Select(resource, key)(k)
			if i == len(keys)-1 {
				return
			}
			next := kindOf[strings.ToLower(key)]
			if next == "" {
				k.err = fmt.Errorf("Expand: the kind of %q is unknown: use Select for its parts", key)
				return
			}
			resource = next
		}
	}
}

// kindOf are the resources to which select-keys lead, as they are named in select headers.
var kindOf = map[string]string{
	"masterfile": "file", "files": "file",
	"fileversions": "fileversion", "latestfileversion": "fileversion", "latestversion": "fileversion",
	"masterfilelatestversion": "fileversion", "masterfilelatestpublishedversion": "fileversion",
	"additionalfiles": "additionalfile", "renditions": "rendition", "publiclinks": "publiclink", "publiclink": "publiclink",
	"publicuris": "publicuri", "filepreviews": "filepreview", "masterfilepreview": "filepreview", "filetype": "filetype", "watermark": "watermark",
	"fields": "field", "definition": "fielddefinition",
	"classifications": "recordclassification", "accesslists": "recordaccesslist",
	"parent": "classification", "children": "classification", "ancestors": "classification",
	"records": "record", "comments": "comment", "memberships": "usergroup",
	"createdby": "user", "modifiedby": "user", "ownedby": "user", "checkedoutby": "user",
	"conditions": "rulecondition", "actions": "ruleaction", "findings": "fileversioncheckresultfinding",
}

// Embedded returns a part of an object that its Go type has no field for, or a part of a part,
// in either of Aprimo's forms of JSON. Names are matched without regard to case. It returns nil
// if there is none.
//
//	content, err := client.Embedded[json.RawMessage](record.Extra, "managedcontent")
func Embedded[T any](object Extra, path ...string) (*T, error) {
	for i, name := range path {
		raw := object.find(name)
		if len(raw) == 0 || string(raw) == "null" {
			return nil, nil
		}
		if i == len(path)-1 {
			part := new(T)
			if err := decode(raw, part); err != nil {
				return nil, fmt.Errorf("aprimo: %s: %w", strings.Join(path, "."), err)
			}
			return part, nil
		}
		object = nil
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, fmt.Errorf("aprimo: %s: %w", strings.Join(path[:i+1], "."), err)
		}
		if err := flatten(object); err != nil {
			return nil, fmt.Errorf("aprimo: %s: %w", strings.Join(path[:i+1], "."), err)
		}
	}
	return nil, nil
}

// find returns the member with a name, in any case.
func (e Extra) find(name string) json.RawMessage {
	if raw, ok := e[name]; ok {
		return raw
	}
	for _, other := range slices.Sorted(maps.Keys(e)) {
		if strings.EqualFold(other, name) {
			return e[other]
		}
	}
	return nil
}
