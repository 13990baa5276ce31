package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// A row counts the properties of one category.
type row struct{ properties, decoded, mapping, ignored, wrong, other int }

// A report is what was found in all definitions.
type report struct {
	rows     map[string]*row
	total    row
	rules    map[verdict]int
	mappings []string
	failures []string
}

func (r *report) add(findings []finding) {
	if r.rows == nil {
		r.rows, r.rules = map[string]*row{}, map[verdict]int{}
	}
	for _, f := range findings {
		r.total.count(f)
		for _, category := range f.expose.Categories {
			if r.rows[category] == nil {
				r.rows[category] = &row{}
			}
			r.rows[category].count(f)
		}
		name := fmt.Sprintf("%s %s: %s", f.definition.Vendor, f.definition.Model, f.expose.Property)
		switch f.verdict {
		case decoded:
		case needsMapping:
			r.mappings = append(r.mappings, strings.TrimSuffix(name, f.expose.Property)+f.why)
		case ignored:
			r.failures = append(r.failures, fmt.Sprintf("%s %s is ignored", name, f.expose.values()))
		default:
			r.rules[f.verdict]++
		}
		for _, w := range f.wrong {
			r.failures = append(r.failures, name+": "+w)
		}
	}
}

func (r *row) count(f finding) {
	r.properties++
	switch f.verdict {
	case decoded:
		r.decoded++
	case needsMapping:
		r.mapping++
	case ignored:
		r.ignored++
	default:
		r.other++
	}
	if len(f.wrong) > 0 {
		r.wrong++
	}
}

func (r *report) print(out io.Writer, definitions int) {
	fmt.Fprintf(out, "%d definitions of Zigbee devices, by the category of their properties\n\n", definitions)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "category\tproperties\tno safety property\tsafety\tdecoded\tneeds mapping\tignored\twrong\t")
	line := func(name string, c row) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name, c.properties, c.other, c.properties-c.other, c.decoded, c.mapping, c.ignored, c.wrong)
	}
	for _, category := range slices.Sorted(maps.Keys(r.rows)) {
		line(category, *r.rows[category])
	}
	line("all, each once", r.total)
	w.Flush()
	fmt.Fprintln(out, "\nNo safety property, by rule:")
	for _, rule := range slices.Sorted(maps.Keys(r.rules)) {
		fmt.Fprintf(out, "%5d  %s\n", r.rules[rule], rule)
	}
	fmt.Fprintf(out, "\nNeeds mapping, since only the household can tell (%d):\n", len(r.mappings))
	for _, m := range r.mappings {
		fmt.Fprintln(out, "  "+m)
	}
}

// failed is the error about what is ignored or wrong.
func (r *report) failed() error {
	if len(r.failures) == 0 {
		return nil
	}
	return fmt.Errorf("%d safety properties are ignored or wrong:\n  %s", len(r.failures), strings.Join(r.failures, "\n  "))
}
