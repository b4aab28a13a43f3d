package client

import "time"

// Access is what the token's user may do with an object. A right that the object's kind does
// not have is false.
type Access struct {
	CanRead        bool `json:"canRead"`
	CanModify      bool `json:"canModify"`
	CanDelete      bool `json:"canDelete"`
	CanClassify    bool `json:"canClassify"` // of a classification
	CanDownload    bool `json:"canDownload"` // of a record or file version
	HasFullControl bool `json:"hasFullControl"`
}

// An AccessList gives users and groups access to records.
type AccessList struct {
	ID         string   `json:"id"`
	ExternalID string   `json:"externalId"`
	Type       string   `json:"type"`
	Permission int      `json:"permission"` // Aprimo does not document the numbers
	Users      []string `json:"users"`      // ids
	UserGroups []string `json:"userGroups"` // ids
	Tag        string   `json:"tag"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (a *AccessList) UnmarshalJSON(data []byte) error { return decodeModel(data, a) }

// MarshalJSON encodes the fields that are not zero.
func (a AccessList) MarshalJSON() ([]byte, error) { return encodeModel(&a) }

// A LinkTo is a link to another object.
type LinkTo[T any] struct {
	ID     string `json:"id"`
	Target *T     `json:"target"` // nil unless selected: Select("recordaccesslist", "target")

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (l *LinkTo[T]) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON encodes the fields that are not zero.
func (l LinkTo[T]) MarshalJSON() ([]byte, error) { return encodeModel(&l) }

// A DownloadAgreement is a text to accept before files can be downloaded. Parts that a call
// does not select are zero: Select("downloadagreement", "contents", "usergroups", "classifications").
type DownloadAgreement struct {
	ID      int  `json:"id"`
	Enabled bool `json:"enabled"`

	Contents        Items[DownloadAgreementContent] `json:"contents"`
	UserGroups      Items[LinkTo[UserGroup]]        `json:"userGroups"`      // that must accept it
	Classifications Items[LinkTo[Classification]]   `json:"classifications"` // of the records it is about

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (d *DownloadAgreement) UnmarshalJSON(data []byte) error { return decodeModel(data, d) }

// MarshalJSON encodes the fields that are not zero.
func (d DownloadAgreement) MarshalJSON() ([]byte, error) { return encodeModel(&d) }

// A DownloadAgreementContent is the text of a download agreement in one language.
type DownloadAgreementContent struct {
	ID         int    `json:"id"`
	LanguageID string `json:"languageId"`
	Title      string `json:"title"`
	TermsOfUse string `json:"termsOfUse"`
	Version    int    `json:"version"`
}
