package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client"
)

func TestEachItemIsReportedAndTheFailedOnesCanBeDoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items := make([]int, 100)
		for i := range items {
			items[i] = i
		}
		var now, most atomic.Int64
		refused := errors.New("refused")
		report := client.Each(t.Context(), items, 7, func(_ context.Context, i int) error {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(time.Second)
			if i%30 == 0 {
				return refused
			}
			return nil
		})
		if most.Load() != 7 {
			t.Errorf("%d were in flight, want 7", most.Load())
		}
		if failed := report.Failed(); !slices.Equal(failed, []int{0, 30, 60, 90}) || !errors.Is(report.Err(), refused) {
			t.Errorf("got failed %v, error %v, want [0 30 60 90], %v", failed, report.Err(), refused)
		}
		again := client.Each(t.Context(), report.Failed(), 0, func(context.Context, int) error { return nil })
		if again.Err() != nil || len(again) != 4 {
			t.Errorf("second run: got %v, want 4 successes", again)
		}
	})
}

func TestWhatHasNotBegunWhenTheContextEndsFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	report := client.Each(ctx, []int{0, 1, 2, 3}, 1, func(_ context.Context, i int) error {
		if i == 1 {
			cancel()
		}
		return nil
	})
	if !slices.Equal(report.Failed(), []int{2, 3}) || !errors.Is(report.Err(), context.Canceled) {
		t.Errorf("got failed %v, error %v, want [2 3], %v", report.Failed(), report.Err(), context.Canceled)
	}
}

func TestManyRecordsAreFoundWithOneSearchForAThousand(t *testing.T) {
	requests := 0
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		var in struct {
			Expression struct{ Parameters [][]string } `json:"searchExpression"`
		}
		json.NewDecoder(r.Body).Decode(&in)
		items := []map[string]string{}
		for _, id := range slices.Backward(in.Expression.Parameters[0]) {
			if id != "7" {
				items = append(items, map[string]string{"id": id})
			}
		}
		json.NewEncoder(w).Encode(map[string]any{"items": items, "_links": map[string]any{}})
	})
	var ids []string
	for i := range 2500 {
		ids = append(ids, fmt.Sprint(i))
	}
	found, missing, err := c.Records.GetMany(t.Context(), ids)
	if err != nil || len(found) != 2499 || found[7].ID != "8" || !slices.Equal(missing, []string{"7"}) || requests != 3 {
		t.Errorf("got %d found, missing %v, error %v, %d requests, want 2499, [7], nil, 3", len(found), missing, err, requests)
	}
}

// A panic, or the end of a goroutine, is the error of its item.
func TestEachOutlivesItsFunction(t *testing.T) {
	report := client.Each(t.Context(), []int{0, 1, 2, 3, 4, 5}, 2, func(_ context.Context, i int) error {
		switch i {
		case 1, 2:
			panic("no disk")
		case 3, 4:
			runtime.Goexit()
		}
		return nil
	})
	if got := report.Failed(); !slices.Equal(got, []int{1, 2, 3, 4}) {
		t.Errorf("got failed %v, want [1 2 3 4]", got)
	}
}
