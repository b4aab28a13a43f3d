package client

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Extra has what the server sent of an object and a model has no field for, by
// its name. It is sent back with the object; so it is also the place for a value
// that Go's zero value cannot say, such as json.RawMessage("null") to reset a
// property.
type Extra map[string]json.RawMessage

// decodeModel reads an object into a struct: the properties, the sub-resources in
// _embedded, which are properties too in Aprimo's other form of JSON, and the rest
// into its field Extra. Names are compared without regard to case, as select-keys
// are.
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

// takeInAnyCase gives fields what is there under their name in another case.
func takeInAnyCase(all Extra, absent []modelField) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for i, field := range absent {
			if !strings.EqualFold(field.name, name) {
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

// decode reads JSON. What reads itself, as models do, checks the syntax too: a
// page of 1,000 records need not be gone through twice on each level.
func decode(data []byte, into any) error {
	if own, ok := into.(json.Unmarshaler); ok {
		return own.UnmarshalJSON(data)
	}
	return json.Unmarshal(data, into)
}

// decodeValue reads a property. A time may be without a zone, and is UTC then, or
// empty: one odd date does not make a whole page unreadable.
func decodeValue(raw json.RawMessage, into any) error {
	at, ok := into.(*time.Time)
	if !ok {
		return decode(raw, into)
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil || text == "" {
		return err
	}
	var err error
	if *at, err = time.Parse(time.RFC3339, text); err != nil {
		*at, err = time.Parse("2006-01-02T15:04:05", text)
	}
	return err
}

// flatten merges what is embedded into the object, where it does not have it.
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

// encodeModel writes a struct as an object: the fields that are not zero, and
// Extra, but not the server's links.
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
	value reflect.Value
}

// modelFields returns the fields of a struct that have a name in JSON.
func modelFields(v reflect.Value) iter.Seq[modelField] {
	return func(yield func(modelField) bool) {
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("json")
			if name != "" && !yield(modelField{name, v.Field(i)}) {
				return
			}
		}
	}
}
