package client

import (
	"net/url"
	"strings"
)

// Select asks for parts of a resource that are otherwise left out, by their
// select-keys in Aprimo's guide: one call instead of one more for each part. There
// are typed forms, such as [SelectRecord], for what is used most.
//
//	client.Select("rendition", "publiclinks")
func Select(resource string, keys ...string) CallOption {
	return func(k *call) { k.selected("select-"+resource, keys) }
}

// selected adds to a header of a list.
func (k *call) selected(name string, keys []string) {
	all := strings.Join(keys, ", ")
	if before := k.header.Get(name); before != "" && all != "" {
		all = before + ", " + all
	}
	if all != "" {
		k.header.Set(name, all)
	}
}

// A RecordKey is a part of a record that can be selected.
type RecordKey string

// The parts of a record, as Aprimo's guide has them.
const (
	RecordFields                           RecordKey = "fields"
	RecordFiles                            RecordKey = "files"
	RecordClassifications                  RecordKey = "classifications"
	RecordPreview                          RecordKey = "preview"
	RecordThumbnail                        RecordKey = "thumbnail"
	RecordTitle                            RecordKey = "title"
	RecordTag                              RecordKey = "tag"
	RecordMasterFile                       RecordKey = "masterfile"
	RecordMasterFileLatestVersion          RecordKey = "masterfilelatestversion"
	RecordMasterFileLatestPublishedVersion RecordKey = "masterfilelatestpublishedversion"
	RecordPermissions                      RecordKey = "permissions"
	RecordAccessLists                      RecordKey = "accesslists"
	RecordLocks                            RecordKey = "locks"
	RecordAnalytics                        RecordKey = "analyticsdata"
	RecordCreatedBy                        RecordKey = "createdby"
	RecordModifiedBy                       RecordKey = "modifiedby"
)

// SelectRecord asks for parts of records. In lists and searches the server leaves
// classifications, files, permissions and locks out all the same.
func SelectRecord(keys ...RecordKey) CallOption { return selectKeys("record", keys) }

// A FileVersionKey is a part of a file version that can be selected.
type FileVersionKey string

// The parts of a file version, as Aprimo's guide has them.
const (
	FileVersionRenditions      FileVersionKey = "renditions"
	FileVersionPublicLinks     FileVersionKey = "publiclinks"
	FileVersionPublicURIs      FileVersionKey = "publicuris"
	FileVersionAdditionalFiles FileVersionKey = "additionalfiles"
	FileVersionPreviews        FileVersionKey = "filepreviews"
	FileVersionWatermark       FileVersionKey = "watermark"
)

// SelectFileVersion asks for parts of file versions.
func SelectFileVersion(keys ...FileVersionKey) CallOption { return selectKeys("fileversion", keys) }

// A ClassificationKey is a part of a classification that can be selected.
type ClassificationKey string

// The parts of a classification that clients of Aprimo select.
const (
	ClassificationTag         ClassificationKey = "Tag"
	ClassificationNamePath    ClassificationKey = "NamePath"
	ClassificationHasChildren ClassificationKey = "HasChildren"
)

// SelectClassification asks for parts of classifications.
func SelectClassification(keys ...ClassificationKey) CallOption {
	return selectKeys("classification", keys)
}

func selectKeys[K ~string](resource string, keys []K) CallOption {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = string(key)
	}
	return Select(resource, names...)
}

// SelectFields asks for some fields of records, by name or id, and for no others.
func SelectFields(names ...string) CallOption {
	return selectNames("select-record-fields", "fields", names)
}

// SelectFieldGroups asks for the fields of some groups, by name or id.
func SelectFieldGroups(names ...string) CallOption {
	return selectNames("select-record-fieldgroups", "fields", names)
}

// selectNames narrows a part of records, which it selects as well. Names may have
// any character, commas too, so they are percent-encoded.
func selectNames(header, part string, names []string) CallOption {
	return func(k *call) {
		escaped := make([]string, len(names))
		for i, name := range names {
			escaped[i] = url.PathEscape(name)
		}
		k.selected(header, escaped)
		if selected := k.header.Get("select-record"); !strings.Contains(selected, part) {
			k.selected("select-record", []string{part})
		}
	}
}
