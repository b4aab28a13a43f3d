package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// An OrderRequest is what is ordered. Type and Targets are needed.
type OrderRequest struct {
	// Type is "download", which is what empty means, or another of Aprimo's,
	// such as "publicCdn", "email" or "ftp".
	Type    string        `json:"type"`
	Targets []OrderTarget `json:"targets"`

	// Notify lets Aprimo write a mail when the order is done: an integration
	// rarely wants that.
	Notify       bool   `json:"-"`
	CreatorEmail string `json:"creatorEmail"`

	// DisableProcessing is "yes" or "yesIfPermissionGranted" for files as they
	// are, which is fast but needs a permission of that name; "no" is the default.
	DisableProcessing    string    `json:"disableProcessing"`
	UseCDN               bool      `json:"useCDN"`
	Priority             int       `json:"priority"`
	EarliestStartDate    time.Time `json:"earliestStartDate"`
	DownloadAgreementIDs []string  `json:"downloadAgreementIds"`

	Extra Extra
}

// MarshalJSON writes what is not zero, and that nobody is to be notified.
func (r OrderRequest) MarshalJSON() ([]byte, error) {
	if r.Type == "" {
		r.Type = "download"
	}
	data, err := encodeModel(&r)
	if err != nil || r.Notify || bytes.Contains(data, []byte(`"disableNotification":`)) {
		return data, err
	}
	return append([]byte(`{"disableNotification":true,`), data[1:]...), nil
}

// An OrderTarget is what files are ordered of: a record, one version or one
// additional file, or, with RecordIDs, many records that are not checked before.
type OrderTarget struct {
	RecordID         string   `json:"recordId"`
	RecordIDs        []string `json:"recordIds"`
	FileVersionID    string   `json:"fileVersionId"`
	AdditionalFileID string   `json:"additionalFileId"`

	// TargetTypes are "Document", which is what none means, "MasterPreview",
	// "MasterThumbnail", "AdditionalFiles", "Renditions", …
	TargetTypes []string      `json:"targetTypes"`
	AssetType   string        `json:"assetType"`
	Actions     []OrderAction `json:"actions"`

	Extra Extra
}

// MarshalJSON writes what is not zero.
func (t OrderTarget) MarshalJSON() ([]byte, error) {
	if len(t.TargetTypes) == 0 {
		t.TargetTypes = []string{"Document"}
	}
	if t.AssetType == "" && (t.RecordID != "" || len(t.RecordIDs) > 0) {
		t.AssetType = "LatestVersionOfMasterFile"
	}
	return encodeModel(&t)
}

// UnmarshalJSON reads the target in either of Aprimo's forms.
func (t *OrderTarget) UnmarshalJSON(data []byte) error { return decodeModel(data, t) }

// An OrderAction is what is done to a file before it is delivered, such as
// "resizeImage", "cropImage", "transcodeVideo" or "createPackage".
type OrderAction struct {
	Action     string         `json:"action"`
	Parameters map[string]any `json:"parameters,omitempty"`
}

// An OrderStatus is how far an order is.
type OrderStatus string

// The statuses of an order. The last four are final.
const (
	OrderPending         OrderStatus = "Pending"
	OrderQueued          OrderStatus = "Queued"
	OrderScheduled       OrderStatus = "Scheduled"
	OrderExecuting       OrderStatus = "Executing"
	OrderAsyncPending    OrderStatus = "AsyncPending"
	OrderAsyncExecuting  OrderStatus = "AsyncExecuting"
	OrderSuccess         OrderStatus = "Success"
	OrderPartiallyFailed OrderStatus = "PartiallyFailed"
	OrderFailed          OrderStatus = "Failed"
	OrderCancelled       OrderStatus = "Cancelled"
)

// Final tells whether an order with this status will not change any more.
func (s OrderStatus) Final() bool {
	return s == OrderSuccess || s == OrderPartiallyFailed || s == OrderFailed || s == OrderCancelled
}

// An Order is what became of an OrderRequest.
type Order struct {
	ID      string      `json:"id"`
	Type    string      `json:"type"`
	Status  OrderStatus `json:"status"`
	Message string      `json:"message"` // why it failed, in Aprimo's words

	DeliveredFiles     []DeliveredFile `json:"deliveredFiles"`
	TotalFileSize      int64           `json:"totalFileSize"`      // bytes
	FailedTargetsCount int             `json:"failedTargetsCount"` // Aprimo does not say which ones

	StartedOn time.Time `json:"startedOn"`
	CreatedOn time.Time `json:"createdOn"`

	Extra Extra
}

// UnmarshalJSON reads the order in either of Aprimo's forms.
func (o *Order) UnmarshalJSON(data []byte) error { return decodeModel(data, o) }

// MarshalJSON writes what is not zero.
func (o Order) MarshalJSON() ([]byte, error) { return encodeModel(&o) }

// err returns an *OrderError unless the order has delivered all.
func (o *Order) err() error {
	if o.Status == OrderSuccess {
		return nil
	}
	return &OrderError{o}
}

// A DeliveredFile is where a file of an order is. The URI is a secret: whoever has
// it can read the file, for some 30 hours. [Downloads] fetches it.
type DeliveredFile struct{ URI string }

// UnmarshalJSON reads the text that a download order delivers, or the object of one
// for the CDN.
func (f *DeliveredFile) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' || string(data) == "null" {
		return json.Unmarshal(data, &f.URI)
	}
	var object struct{ DeliveredPath string }
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	f.URI = object.DeliveredPath
	return nil
}

// MarshalJSON writes the URI as text.
func (f DeliveredFile) MarshalJSON() ([]byte, error) { return json.Marshal(f.URI) }

// String says where the file is without what would let others read it.
func (f DeliveredFile) String() string { return clean(f.URI) }

// An OrderError is an order that did not deliver everything. Of one that has failed
// partially, the Order has what was delivered.
type OrderError struct{ Order *Order }

func (e *OrderError) Error() string {
	o := e.Order
	text := fmt.Sprintf("aprimo: order %s: %s", clean(o.ID), clean(string(o.Status)))
	if o.FailedTargetsCount > 0 {
		text += fmt.Sprintf(", %d targets failed", o.FailedTargetsCount)
	}
	if o.Message != "" {
		text += ": " + clean(o.Message)
	}
	return text
}
