package client

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Extra holds the properties of an object that its Go type has no field for, by name. They
// are sent back with the object.
type Extra map[string]json.RawMessage

// decodeModel decodes an object into a struct: its properties, its sub-resources in
// _embedded, which are properties in Aprimo's other form of JSON, and the rest into the
// field Extra. Names are matched without regard to case, as select-keys are.
func decodeModel(data []byte, model any) error {
	var all Extra
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	if err := flatten(all); err != nil {
		return err
	}
	v := reflect.ValueOf(model).Elem()
	var absent []modelField
	for field := range modelFields(v) {
		if found, err := field.take(all, field.name); err != nil {
			return err
		} else if !found {
			absent = append(absent, field)
		}
	}
	if err := takeInAnyCase(all, absent); err != nil {
		return err
	}
	if len(all) == 0 {
		all = nil
	}
	v.FieldByName("Extra").Set(reflect.ValueOf(all))
	return nil
}

// hasNoMembers reports whether JSON is null or an empty object, which says nothing.
func hasNoMembers(data []byte) bool {
	var members Extra
	return json.Unmarshal(data, &members) == nil && len(members) == 0
}

// takeInAnyCase sets fields that occur with their other name or in another case.
func takeInAnyCase(all Extra, absent []modelField) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for i, field := range absent {
			if !strings.EqualFold(field.name, name) && !strings.EqualFold(field.also, name) {
				continue
			}
			if _, err := field.take(all, name); err != nil {
				return err
			}
			absent = slices.Delete(absent, i, i+1)
			break
		}
	}
	return nil
}

// take moves a property into the field.
func (f modelField) take(all Extra, name string) (found bool, err error) {
	raw, found := all[name]
	if !found {
		return false, nil
	}
	delete(all, name)
	if err := decodeValue(raw, f.value.Addr().Interface()); err != nil {
		return true, fmt.Errorf("%s: %w", name, err)
	}
	return true, nil
}

// decode decodes JSON. It calls UnmarshalJSON directly, which checks the syntax too, because
// json.Unmarshal would scan a page of 1,000 records twice on each level.
func decode(data []byte, into any) error {
	if own, ok := into.(json.Unmarshaler); ok {
		return own.UnmarshalJSON(data)
	}
	return json.Unmarshal(data, into)
}

// decodeValue decodes a property. So that one unusual value does not make a whole page
// undecodable, it accepts what is meant: a number or a truth value as text, text as a
// number, 1.0 as an integer, the id of an object that was selected, and times without a zone, which
// are UTC.
func decodeValue(raw json.RawMessage, into any) error {
	err := decode(raw, into)
	if err == nil || len(raw) == 0 {
		return err
	}
	switch into := into.(type) {
	case *time.Time:
		return decodeTime(raw, into)
	case *string:
		return decodeText(raw, into, err)
	case *int, *int64:
		if json.Unmarshal(wholeNumber(raw), into) == nil {
			return nil
		}
	case *bool:
		if on, err := strconv.ParseBool(strings.Trim(string(raw), `"`)); err == nil {
			*into = on
			return nil
		}
	case **int:
		*into = new(int)
		return decodeValue(raw, *into)
	}
	return err
}

// wholeNumber returns a number without quotes, and one such as 1.0 or 1e2 as an integer. Anything
// else it returns as it is.
func wholeNumber(raw json.RawMessage) json.RawMessage {
	text := strings.Trim(string(raw), `"`)
	f, err := strconv.ParseFloat(text, 64)
	const exact = 1 << 53 // up to here a float64 holds every integer
	switch {
	case err != nil:
		return raw
	case f == math.Trunc(f) && math.Abs(f) < exact:
		text = strconv.FormatInt(int64(f), 10)
	}
	return json.RawMessage(text)
}

// otherTimes are the forms of ISO 8601 that RFC 3339 does not have. In all of them a fraction of a
// second may follow.
var otherTimes = []string{"2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"}

// decodeTime decodes a time of another form. An empty one is zero.
func decodeTime(raw json.RawMessage, into *time.Time) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil || text == "" {
		return err
	}
	var first error
	for _, form := range otherTimes {
		at, err := time.Parse(form, text)
		if err == nil {
			*into = at
			return nil
		}
		first = cmp.Or(first, err)
	}
	return first
}

// decodeText decodes what is not text.
func decodeText(raw json.RawMessage, into *string, otherwise error) error {
	switch raw[0] {
	case '[':
		return otherwise
	case '{':
		var object struct{ ID string }
		if json.Unmarshal(raw, &object) != nil || object.ID == "" {
			return otherwise
		}
		*into = object.ID
	default:
		*into = string(raw)
	}
	return nil
}

// flatten merges embedded properties into the object, except for those it already has.
func flatten(all Extra) error {
	raw, ok := all["_embedded"]
	if !ok {
		return nil
	}
	var embedded Extra
	if err := json.Unmarshal(raw, &embedded); err != nil {
		return fmt.Errorf("_embedded: %w", err)
	}
	delete(all, "_embedded")
	for name, raw := range embedded {
		if have, ok := all[name]; !ok || string(have) == "null" {
			all[name] = raw
		}
	}
	return nil
}

// encodeModel encodes a struct as an object: its fields that are not zero, and Extra, but not
// the server's links.
func encodeModel(model any) ([]byte, error) {
	v := reflect.ValueOf(model).Elem()
	all := map[string]any{}
	for name, raw := range v.FieldByName("Extra").Interface().(Extra) {
		if !strings.HasPrefix(name, "_") {
			all[name] = raw
		}
	}
	for field := range modelFields(v) {
		if !field.value.IsZero() {
			all[field.name] = field.value.Interface()
		}
	}
	return json.Marshal(all)
}

type modelField struct {
	name  string
	also  string // another name, where Aprimo has two; may be empty
	value reflect.Value
}

// modelFields returns the fields of a struct that have a JSON name.
func modelFields(v reflect.Value) iter.Seq[modelField] {
	return func(yield func(modelField) bool) {
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag
			name := tag.Get("json")
			if name != "" && !yield(modelField{name, tag.Get("also"), v.Field(i)}) {
				return
			}
		}
	}
}

// setProperties adds properties to the JSON of an object, which may be empty or null. If the
// object is a struct with such a field, the value must fit it, and the case of the name does
// not matter. What is a list in responses can be any list in requests, of ids for example, or
// an object with what to add and remove.
func setProperties(object any, data []byte, set Extra) ([]byte, error) {
	all := Extra{}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &all); err != nil {
			return nil, fmt.Errorf("Set needs an object, not a %T: %w", object, err)
		}
	}
	if all == nil {
		all = Extra{} // it was null
	}
	known := fieldsOf(object)
	for name, raw := range set {
		for field := range known {
			if is, _, _ := strings.Cut(field.name, ","); strings.EqualFold(is, name) {
				name = is
				if isList := field.value.Kind() == reflect.Slice; isList && (raw[0] == '[' || raw[0] == '{') {
					continue
				}
				if err := decodeValue(raw, field.value.Addr().Interface()); err != nil {
					return nil, fmt.Errorf("Set(%q): the value does not fit the %s of %T: %w", name, field.value.Type(), object, err)
				}
			}
		}
		all[name] = raw
	}
	return json.Marshal(all)
}

// fieldsOf returns the fields of a new struct of an object's type; none if it is no struct.
func fieldsOf(object any) iter.Seq[modelField] {
	t := reflect.TypeOf(object)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		t = reflect.TypeFor[struct{}]()
	}
	return modelFields(reflect.New(t).Elem())
}
