package rules_test

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// A series is what was scraped of one.
type series struct {
	labels  labels.Labels
	samples []chunks.Sample
}

// A sample is a number at a time in milliseconds.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                      { return s.at }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

// A memory keeps what was scraped, as a storage of Prometheus.
type memory map[string]*series

// scrape stores the values of a registry. A series that is gone gets a staleness marker, as
// Prometheus gives it.
func (m memory) scrape(t *testing.T, registry prometheus.Gatherer) {
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMilli()
	for _, f := range families {
		for _, metric := range f.GetMetric() {
			m.add(now, f.GetName(), metric)
		}
	}
	for _, s := range m {
		if last := s.samples[len(s.samples)-1]; last.T() != now && !value.IsStaleNaN(last.F()) {
			s.samples = append(s.samples, sample{now, math.Float64frombits(value.StaleNaN)})
		}
	}
}

// add stores a metric; of a histogram, its count, which is all that the rules ask for.
func (m memory) add(now int64, name string, metric *dto.Metric) {
	v := metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
	if h := metric.GetHistogram(); h != nil {
		name, v = name+"_count", float64(h.GetSampleCount())
	}
	b := labels.NewScratchBuilder(8)
	b.Add("__name__", name)
	b.Add("instance", "app01:9090")
	b.Add("job", "app")
	for _, l := range metric.GetLabel() {
		if l.GetValue() != "" {
			b.Add(l.GetName(), l.GetValue())
		}
	}
	b.Sort()
	set := b.Labels()
	s := m[set.String()]
	if s == nil {
		s = &series{labels: set}
		m[set.String()] = s
	}
	s.samples = append(s.samples, sample{now, v})
}

func (m memory) Querier(from, to int64) (storage.Querier, error) {
	return &querier{storage.NoopQuerier(), m, from, to}, nil
}

type querier struct {
	storage.Querier
	memory   memory
	from, to int64
}

func (q *querier) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	set := &set{at: -1}
	for _, s := range q.memory {
		if slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.labels.Get(m.Name)) }) {
			continue
		}
		before := func(s chunks.Sample, at int64) int { return cmp.Compare(s.T(), at) }
		i, _ := slices.BinarySearchFunc(s.samples, q.from, before)
		j, _ := slices.BinarySearchFunc(s.samples, q.to+1, before)
		set.list = append(set.list, storage.NewListSeries(s.labels, s.samples[i:j]))
	}
	slices.SortFunc(set.list, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return set
}

type set struct {
	list []storage.Series
	at   int
}

func (s *set) Next() bool                        { s.at++; return s.at < len(s.list) }
func (s *set) At() storage.Series                { return s.list[s.at] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }
