package client

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NoLanguage is the language id of values without a language.
const NoLanguage = "00000000000000000000000000000000"

// Fields are the values of a record.
type Fields []*Field

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *Fields) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, (*Items[Field])(f))
}

// Get returns the field with the given name, ignoring case, or id. It returns nil if there is
// none; the methods of a nil Field return no values.
func (f Fields) Get(nameOrID string) *Field {
	for _, field := range f {
		if strings.EqualFold(field.Name, nameOrID) || field.ID == normalizeID(nameOrID) {
			return field
		}
	}
	return nil
}

// A Field is a field of a record with its values.
type Field struct {
	ID       string           `json:"id"`
	Name     string           `json:"fieldName"`
	Label    string           `json:"label"`
	DataType string           `json:"dataType"` // SingleLineText, OptionList, …
	Values   []LocalizedValue `json:"localizedValues"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (f *Field) UnmarshalJSON(data []byte) error { return decodeModel(data, f) }

// MarshalJSON encodes the fields that are not zero.
func (f Field) MarshalJSON() ([]byte, error) { return encodeModel(&f) }

// Text returns the value in a language, by id, or the first value if language is "". For a
// list it returns the first item.
func (f *Field) Text(language string) string {
	if texts := f.Texts(language); len(texts) > 0 {
		return texts[0]
	}
	return ""
}

// Texts returns the values in a language, by id, or in the first language if language is "".
// Record links are returned as the ids of the records, hyperlinks as their URLs and other values
// than text as JSON.
func (f *Field) Texts(language string) []string {
	if f == nil {
		return nil
	}
	for _, v := range f.Values {
		if language == "" || v.LanguageID == normalizeID(language) {
			return v.texts()
		}
	}
	return nil
}

// Number returns the value of a Numeric field in a language, as [Field.Text] does. It returns
// false if there is none.
func (f *Field) Number(language string) (float64, bool) {
	n, err := strconv.ParseFloat(f.Text(language), 64)
	return n, err == nil
}

// Time returns the value of a Date or DateTime field in a language, as [Field.Text] does. A Date
// is midnight UTC. It returns false if there is no value.
func (f *Field) Time(language string) (time.Time, bool) {
	text := f.Text(language)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// Duration returns the value of a Duration field, or of a Time field since midnight, in a
// language, as [Field.Text] does. It returns false if there is none, or none of less than 290
// years.
func (f *Field) Duration(language string) (time.Duration, bool) {
	part := durationForm.FindStringSubmatch(f.Text(language))
	if part == nil {
		return 0, false
	}
	total := int64(0) // in units of 100 ns
	for i, unit := range []int64{864e9, 36e9, 6e8, 1e7, 1} {
		n, _ := strconv.ParseInt(part[i+2], 10, 64) // no days are 0
		if i == 4 {
			n, _ = strconv.ParseInt((part[6] + "0000000")[:7], 10, 64)
		}
		if n > (math.MaxInt64/100-total)/unit {
			return 0, false
		}
		total += n * unit
	}
	if part[1] != "" {
		total = -total
	}
	return time.Duration(total * 100), true
}

// durationForm is Aprimo's form of a duration, [-][d.]hh:mm:ss[.fffffff].
var durationForm = regexp.MustCompile(`^(-?)(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$`)

// durationText returns a duration in Aprimo's form.
func durationText(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign = "-"
	}
	n := d.Abs() / 100 // the form has seven decimals
	text := fmt.Sprintf("%02d:%02d:%02d", n/36e9%24, n/6e8%60, n/1e7%60)
	if days := n / 864e9; days > 0 {
		text = fmt.Sprintf("%d.%s", days, text)
	}
	if fraction := n % 1e7; fraction > 0 {
		text += fmt.Sprintf(".%07d", fraction)
	}
	return sign + text
}

// A LocalizedValue is the value of a field in one language.
type LocalizedValue struct {
	LanguageID string            `json:"languageId"`
	Value      json.RawMessage   `json:"value"`  // of a single-value field
	Values     []json.RawMessage `json:"values"` // of a list field

	// Of a RecordLink field; see [Field.Links].
	Links    []RecordLink `json:"links"`
	Parents  []RecordLink `json:"parents"`
	Children []RecordLink `json:"children"`

	Hyperlinks []Hyperlink `json:"hyperlinks"` // of a HyperlinkList field

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (v *LocalizedValue) UnmarshalJSON(data []byte) error { return decodeModel(data, v) }

// MarshalJSON encodes the fields that are not zero.
func (v LocalizedValue) MarshalJSON() ([]byte, error) { return encodeModel(&v) }

// A Hyperlink is a value of a HyperlinkList field.
type Hyperlink struct {
	DisplayText string `json:"displayText,omitempty"`
	URL         string `json:"url"`
}

func (v LocalizedValue) texts() []string {
	raws := v.Values
	if raws == nil {
		raws = []json.RawMessage{v.Value}
	}
	texts := slices.Concat(linked(v.Links), linked(v.Parents), linked(v.Children))
	for _, link := range v.Hyperlinks {
		texts = append(texts, link.URL)
	}
	for _, raw := range raws {
		if len(raw) > 0 && string(raw) != "null" {
			texts = append(texts, textOf(raw))
		}
	}
	return texts
}

// textOf returns a JSON value as text: null as "", other values than text as JSON.
func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	return text
}

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
