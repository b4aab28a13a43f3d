package client

import "time"

// RecordLinks are the values of a field of the data type RecordLink: ids of records.
type RecordLinks struct{ Links, Parents, Children []string }

// SetLinks sets a field of the data type RecordLink, by id. A nil slice keeps the links of its
// kind, and an empty one removes them.
func SetLinks(field string, links RecordLinks) FieldValue {
	return FieldValue{id: field, values: []newValue{{
		LanguageID: NoLanguage,
		Links:      linksTo(links.Links), Parents: linksTo(links.Parents), Children: linksTo(links.Children),
	}}}
}

// linksTo returns links to records in the API's form.
func linksTo(records []string) []RecordLink {
	if records == nil {
		return nil
	}
	links := make([]RecordLink, len(records))
	for i, record := range records {
		links[i].RecordID = normalizeID(record)
	}
	return links
}

// Links returns the records to which a field of the data type RecordLink leads.
func (f *Field) Links() RecordLinks {
	var links RecordLinks
	if f == nil {
		return links
	}
	for _, v := range f.Values {
		links.Links = append(links.Links, linked(v.Links)...)
		links.Parents = append(links.Parents, linked(v.Parents)...)
		links.Children = append(links.Children, linked(v.Children)...)
	}
	return links
}

// linked returns the records to which links lead.
func linked(links []RecordLink) []string {
	var records []string
	for _, link := range links {
		records = append(records, link.RecordID)
	}
	return records
}

// A RecordLink is a link to another record.
type RecordLink struct {
	RecordID   string    `json:"recordId"`
	Tag        string    `json:"tag"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (l *RecordLink) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON encodes the fields that are not zero.
func (l RecordLink) MarshalJSON() ([]byte, error) { return encodeModel(&l) }
