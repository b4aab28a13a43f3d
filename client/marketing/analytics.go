package marketing

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aprimo-go/aprimo/client"
)

// Analytics makes a query of Aprimo's analytics and decodes its rows into rows, a pointer to a
// slice. The query is a Cube query, for example a struct or a map with "measures" and
// "dimensions". The rows of [Operations.AnalyticsMeta] name what can be asked for.
func (m *Operations) Analytics(ctx context.Context, query, rows any, opts ...client.CallOption) error {
	text, err := json.Marshal(query)
	if err != nil {
		return fmt.Errorf("marketing: analytics: the query cannot be encoded as JSON: %w", err)
	}
	var answer struct {
		Data  json.RawMessage `json:"data"`
		Error string          `json:"error"`
	}
	if _, err := m.c.Do(ctx, http.MethodGet, "/analytics/", nil, &answer, append(opts, client.Query("query", string(text)))...); err != nil {
		return err
	}
	if answer.Data == nil {
		return fmt.Errorf("marketing: analytics: the response has no data: %.200q: make the query again if it says to wait", answer.Error)
	}
	if err := json.Unmarshal(answer.Data, rows); err != nil {
		return fmt.Errorf("marketing: analytics: the rows are not a %T: %w", rows, err)
	}
	return nil
}

// AnalyticsMeta returns the cubes, measures and dimensions that a query can have.
func (m *Operations) AnalyticsMeta(ctx context.Context, opts ...client.CallOption) (*Object, error) {
	out := new(Object)
	_, err := m.c.Do(ctx, http.MethodGet, "/analytics/meta", nil, out, opts...)
	return out, err
}
