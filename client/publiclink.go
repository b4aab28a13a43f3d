package client

import "time"

// A PublicLink is where a file of a record can be read by everybody, on a CDN.
type PublicLink struct {
	ID       string `json:"id"`
	URI      string `json:"uri"`
	Provider string `json:"provider"`
	Status   string `json:"status"` // Pending, Published, Failed, Overwritten, Tobedeleted

	RecordID         string `json:"recordId"`
	FileVersionID    string `json:"fileVersionId"`
	AdditionalFileID string `json:"additionalFileId"`
	RenditionName    string `json:"renditionName"`
	FileSize         int64  `json:"fileSize"` // bytes

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the link in either of Aprimo's forms.
func (l *PublicLink) UnmarshalJSON(data []byte) error { return decodeModel(data, l) }

// MarshalJSON writes what is not zero.
func (l PublicLink) MarshalJSON() ([]byte, error) { return encodeModel(&l) }
