package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aprimo-go/aprimo/transport"
)

// Orders makes Aprimo prepare files, and waits until they are there.
type Orders struct {
	Reader[Order]
	waiting atomic.Int64
}

func newOrders(c *Client) *Orders { return &Orders{Reader: *newReader[Order](c, "orders", "order")} }

// Create makes an order. It may be done already: an order of one file that need not
// be processed often is. Wait does not ask again then.
func (r *Orders) Create(ctx context.Context, request *OrderRequest, opts ...CallOption) (*Order, error) {
	if request == nil || len(request.Targets) == 0 {
		return nil, errors.New("aprimo: an order needs Targets")
	}
	order, err := create[Order](ctx, r.c, r.collection, request, opts)
	if err == nil && order.ID == "" {
		return nil, errors.New("aprimo: the order was made, but the answer does not say its id: find it with List, do not make it again")
	}
	return order, err
}

// Run makes an order and waits until it is done: see Create and Wait.
func (r *Orders) Run(ctx context.Context, request *OrderRequest, opts ...CallOption) (*Order, error) {
	order, err := r.Create(ctx, request, opts...)
	if err != nil {
		return nil, err
	}
	if order.Status.Final() {
		return order, order.err()
	}
	return r.Wait(ctx, order.ID, opts...)
}

const (
	firstAsk, lastAsk = time.Second, 30 * time.Second
	askGrowth         = 1.5

	// asksAtMost is how many calls a second all that wait make together, of the
	// tenant's 15.
	asksAtMost = 1
)

// Wait returns an order when it is done. It asks after a second, then less and less
// often, down to every 30 seconds; all that wait ask about once a second together, as
// [transport.Batch], so that other calls are not delayed by it. If the order has not
// delivered all, the error is an [*OrderError] and the order is returned as well. The
// token's user needs the role View Maintenance Jobs.
func (r *Orders) Wait(ctx context.Context, id string, opts ...CallOption) (*Order, error) {
	if transport.PriorityFromContext(ctx) == transport.Normal {
		ctx = transport.ContextWithPriority(ctx, transport.Batch)
	}
	defer r.waiting.Add(-1)
	r.waiting.Add(1)
	for pause := firstAsk; ; pause = min(lastAsk, time.Duration(float64(pause)*askGrowth)) {
		least := time.Duration(r.waiting.Load()) * time.Second / asksAtMost
		if err := sleep(ctx, jitter(max(pause, least))); err != nil {
			return nil, err
		}
		order, err := r.Get(ctx, id, opts...)
		if err != nil {
			return nil, err
		}
		if order.Status.Final() {
			return order, order.err()
		}
	}
}

// jitter keeps those from asking together who have begun together.
func jitter(d time.Duration) time.Duration { return d*9/10 + rand.N(d/5+1) }

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

// downloadsAtOnce is how many files of an order are fetched in parallel.
const downloadsAtOnce = 4

// A Downloaded is a file of an order: where it is now, or why it is not.
type Downloaded struct {
	File DeliveredFile
	Path string
	Err  error
}

// Download makes an order, waits, and fetches its files into a directory, four at
// once: see Run and [Downloads.Fetch]. It returns what became of each file. The
// error is that of the order, which may have delivered some files all the same, and
// those of the files. Two files with the same name get different ones.
func (r *Orders) Download(ctx context.Context, request *OrderRequest, dir string, opts ...DownloadOption) ([]Downloaded, error) {
	order, err := r.Run(ctx, request)
	if order == nil {
		return nil, err
	}
	files := make([]Downloaded, len(order.DeliveredFiles))
	var group errgroup.Group
	group.SetLimit(downloadsAtOnce)
	names := &names{}
	for i, file := range order.DeliveredFiles {
		group.Go(func() error {
			d := &files[i]
			d.File = file
			d.Path, d.Err = r.c.Downloads.Fetch(ctx, file.URI, dir, append(opts[:len(opts):len(opts)], distinct(names))...)
			return nil
		})
	}
	group.Wait()
	for _, f := range files {
		err = errors.Join(err, f.Err)
	}
	return files, err
}

// A DownloadLink is what an order or a maintenance job has made to be fetched.
type DownloadLink struct {
	ID                    string          `json:"id"`
	Type                  string          `json:"type"`
	Title                 string          `json:"title"`
	Description           string          `json:"description"`
	ErrorDescription      string          `json:"errorDescription"`
	Status                OrderStatus     `json:"status"`
	DeliveredFiles        []DeliveredFile `json:"deliveredFiles"`
	SucceededRecordsCount int             `json:"succeededRecordsCount"`
	FailedRecordsCount    int             `json:"failedRecordsCount"`
	FailedTargetsCount    int             `json:"failedTargetsCount"`
	CreatedOn             time.Time       `json:"createdOn"`

	Extra Extra
}

// UnmarshalJSON reads the link in either of Aprimo's forms.
func (d *DownloadLink) UnmarshalJSON(data []byte) error { return decodeModel(data, d) }

// MarshalJSON writes what is not zero.
func (d DownloadLink) MarshalJSON() ([]byte, error) { return encodeModel(&d) }

// A MaintenanceJob changes or exports many records in the background: it is heavy for
// the server. Actions and targets are in Extra.
type MaintenanceJob struct {
	ID                  string      `json:"id"`
	Type                string      `json:"type"`
	Status              OrderStatus `json:"status"`
	Message             string      `json:"message"` // why it failed
	TargetsCount        int         `json:"targetsCount"`
	FailedTargetsCount  int         `json:"failedTargetsCount"`
	CreatorEmail        string      `json:"creatorEmail"`
	Priority            int         `json:"priority"`
	DisableNotification bool        `json:"disableNotification"`

	StartedOn time.Time `json:"startedOn"`
	CreatedOn time.Time `json:"createdOn"`

	Extra Extra
}

// UnmarshalJSON reads the job in either of Aprimo's forms.
func (m *MaintenanceJob) UnmarshalJSON(data []byte) error { return decodeModel(data, m) }

// MarshalJSON writes what is not zero.
func (m MaintenanceJob) MarshalJSON() ([]byte, error) { return encodeModel(&m) }
