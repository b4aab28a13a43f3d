package client

import "time"

// A Check examines file versions by the check framework.
type Check struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	ActionClass     string `json:"actionClass"`
	ActionTypeID    string `json:"actionTypeId"`
	CheckCategoryID string `json:"checkCategoryId"`

	CreatedOn  time.Time `json:"createdOn"`
	ModifiedOn time.Time `json:"modifiedOn"`

	Extra Extra
}

// UnmarshalJSON reads the check in either of Aprimo's forms.
func (c *Check) UnmarshalJSON(data []byte) error { return decodeModel(data, c) }

// MarshalJSON writes what is not zero.
func (c Check) MarshalJSON() ([]byte, error) { return encodeModel(&c) }
