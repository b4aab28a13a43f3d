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

// Extra holds the properties of an object that its Go type has no field for, by name. They
// are sent back with the object. Use it also for values that Go's zero value cannot
// express, such as json.RawMessage("null") to reset a property.
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

// takeInAnyCase sets fields whose names occur in another case.
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

// decode decodes JSON. It calls UnmarshalJSON directly, which checks the syntax too, because
// json.Unmarshal would scan a page of 1,000 records twice on each level.
func decode(data []byte, into any) error {
	if own, ok := into.(json.Unmarshaler); ok {
		return own.UnmarshalJSON(data)
	}
	return json.Unmarshal(data, into)
}

// decodeValue decodes a property. A time without a zone is UTC, and an empty one is zero, so
// that one unusual date does not make a whole page undecodable.
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
	value reflect.Value
}

// modelFields returns the fields of a struct that have a JSON name.
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
