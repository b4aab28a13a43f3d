package client

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"slices"
	"time"
)

// Classifications reads and changes the tree of classifications for records.
type Classifications struct{ Resource[Classification] }

// ByNamePath returns the classification with a path of names, for example
// "/Campaigns/2026".
func (r *Classifications) ByNamePath(ctx context.Context, path string, opts ...CallOption) (*Classification, error) {
	return get[Classification](ctx, r.c, append(slices.Clip(opts), Query("namePath", path)), r.single...)
}

// Children lists the direct children of a classification.
func (r *Classifications) Children(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Classification, error] {
	return listAt[Classification](ctx, r.c, opts, r.one(id, "children")...)
}

// SetFields changes fields of a classification.
func (r *Classifications) SetFields(ctx context.Context, id string, values []FieldValue, opts ...CallOption) error {
	change := map[string]any{"fields": Changes[FieldValue]{AddOrUpdate: values}}
	return update(ctx, r.c, r.one(id), change, opts)
}

// Access returns what the token's user may do with a classification.
func (r *Classifications) Access(ctx context.Context, id string, opts ...CallOption) (*Access, error) {
	return get[Access](ctx, r.c, opts, r.one(id, "classificationtreepermission")...)
}

// Permissions returns the rights that groups have through a classification.
func (r *Classifications) Permissions(ctx context.Context, id string, on PermissionTarget, opts ...CallOption) (*ClassificationPermissions, error) {
	return get[ClassificationPermissions](ctx, r.c, opts, r.one(id, string(on))...)
}

// SetPermissions changes the rights that groups have through a classification: those in the
// change, and whether rights are inherited. Permissions returns the result some seconds later.
func (r *Classifications) SetPermissions(ctx context.Context, id string, on PermissionTarget, change ClassificationPermissions, opts ...CallOption) error {
	keep, remove := split(change.Groups, func(g GroupRight) bool { return g.Right != "" })
	body := map[string]any{"breakInheritance": change.BreakInheritance, "permissions": map[string]any{"addOrUpdate": keep, "remove": remove}}
	return update(ctx, r.c, r.one(id, string(on)), body, opts)
}

// split returns the items that are to be set and those to be removed; neither is nil.
func split[T any](items []T, set func(T) bool) (keep, remove []T) {
	keep, remove = []T{}, []T{}
	for _, item := range items {
		if set(item) {
			keep = append(keep, item)
		} else {
			remove = append(remove, item)
		}
	}
	return keep, remove
}

// A PermissionTarget is what rights apply to.
type PermissionTarget string

// The targets of the permissions of a classification.
const (
	OnTree      PermissionTarget = "classificationtreepermissions" // the classification and those below
	OnRecords   PermissionTarget = "recordpermissions"             // its records
	OnDownloads PermissionTarget = "downloadpermissions"           // downloads of its records
)

// ClassificationPermissions are the rights that groups have through a classification.
type ClassificationPermissions struct {
	// BreakInheritance means that rights are not inherited from the parent. Aprimo then
	// gives full control to the group Administrators.
	BreakInheritance bool         `json:"breakInheritance"`
	Groups           []GroupRight `json:"permissions"`
}

// A GroupRight is the right of a user group.
type GroupRight struct {
	UserGroupID string `json:"userGroupId"`

	// Right is Noaccess, Read, Classify, Modify, Delete, Fullcontrol or one of the
	// combinations Deletedenyfullcontrol, Modifydenydelete, Classifydenymodify,
	// Readdenyclassify and Denyread; for downloads it is Noaccess, Allow or Deny. In a
	// change, an empty Right removes the group's.
	Right string `json:"accessRight,omitempty"`
}

// A Classification is a node of the tree. NamePath, LabelPath, HasChildren and Tag are zero
// unless selected; see [SelectClassification].
type Classification struct {
	ID         string  `json:"id"`
	Identifier string  `json:"identifier"`
	Name       string  `json:"name"`
	NamePath   string  `json:"namePath"`
	LabelPath  string  `json:"labelPath"`
	Labels     []Label `json:"labels"`
	Tag        string  `json:"tag"`

	// A new classification needs ParentID, ParentNamePath or IsRoot.
	ParentID       string `json:"parentId"`
	ParentNamePath string `json:"parentNamePath"` // names with slashes between them; never in responses
	IsRoot         bool   `json:"isRoot"`

	HasChildren     bool   `json:"hasChildren"`
	SortIndex       int    `json:"sortIndex"`
	SortOrder       string `json:"sortOrder"` // of the children: Label, Name or SortIndex
	DisabledInDAMUI bool   `json:"disabledInDAMUI"`

	// The fields and field groups that records have because of the classification.
	RegisteredFields      Members[Registered] `json:"registeredFields"`
	RegisteredFieldGroups Members[Registered] `json:"registeredFieldGroups"`

	// Parts that are only in responses, and only if selected. To change its fields, use
	// [Classifications.SetFields].
	Fields   Fields                `json:"fields"`
	Parent   *Classification       `json:"parent"`
	Children Items[Classification] `json:"children"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (c *Classification) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON encodes the fields that are not zero.
func (c Classification) MarshalJSON() ([]byte, error) { return encodeModel(&c) }

// A Registered is the id of a registered field or field group.
type Registered string

// UnmarshalJSON decodes an id, or an object that has it as fieldId or fieldGroupId.
func (r *Registered) UnmarshalJSON(data []byte) error {
	var object struct{ FieldID, FieldGroupID Registered }
	if err := json.Unmarshal(data, &object); err == nil {
		*r = cmp.Or(object.FieldID, object.FieldGroupID)
		return nil
	}
	return json.Unmarshal(data, (*string)(r))
}

// MarshalJSON encodes the id.
func (r Registered) MarshalJSON() ([]byte, error) { return json.Marshal(normalizeID(string(r))) }

// A Label is a display name in one language.
type Label struct {
	LanguageID string `json:"languageId"`
	Value      string `json:"value"`
}
