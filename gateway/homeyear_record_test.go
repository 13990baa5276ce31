package gateway

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
)

// A record is what was folded, with what it led to.
type record struct {
	entries []journal.Entry
	decided [][]ucare.Decision // by entry
}

func (r *record) note(e journal.Entry, out folded) {
	if r != nil {
		e.Seq = int64(len(r.entries) + 1)
		r.entries, r.decided = append(r.entries, e), append(r.decided, out.decisions)
	}
}

// measured are the sizes of a state, each night.
type measured struct{ memory, text []int }

func (m *measured) measure(s *rules.State) {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a state is plain data
	}
	m.memory, m.text = append(m.memory, sizeOf(reflect.ValueOf(s))), append(m.text, len(text))
}

// sizeOf is about how much memory a value takes: texts that several parts share are
// counted for each.
func sizeOf(v reflect.Value) int { return int(v.Type().Size()) + beyond(v) }

// beyond is what a value points at.
func beyond(v reflect.Value) (sum int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			sum = sizeOf(v.Elem())
		}
	case reflect.String:
		sum = v.Len()
	case reflect.Slice:
		sum = (v.Cap() - v.Len()) * int(v.Type().Elem().Size())
		for i := range v.Len() {
			sum += sizeOf(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			sum += beyond(v.Index(i))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			sum += beyond(field)
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			sum += sizeOf(key) + sizeOf(value)
		}
	}
	return sum
}

// quantile is the value below which a share of all are.
func quantile[N int | float64](all []N, share float64) N {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}
