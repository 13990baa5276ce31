package configs

import (
	"bytes"
	"fmt"
	"reflect"
	"time"

	"go.yaml.in/yaml/v3"
)

// String is the configuration in force as YAML: every default filled in, every
// path absolute, no secret. Loaded again it is the same configuration.
func (g *Gateway) String() string { return print(g) }

// String is the configuration in force as YAML, without secrets.
func (c *Center) String() string { return print(c) }

func print(configuration any) string {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	var node yaml.Node
	if err := node.Encode(configuration); err != nil {
		return fmt.Sprintf("# the configuration cannot be printed: %v\n", err)
	}
	shorten(&node, reflect.TypeOf(configuration))
	if err := encoder.Encode(&node); err != nil {
		return fmt.Sprintf("# the configuration cannot be printed: %v\n", err)
	}
	return out.String()
}

// shorten writes lengths of time as people do: 12h, not 12h0m0s.
func shorten(node *yaml.Node, t reflect.Type) {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		if d, err := time.ParseDuration(node.Value); err == nil {
			node.Value = writeDuration(d)
		}
	case isScalar(t):
	case t.Kind() == reflect.Pointer:
		shorten(node, t.Elem())
	case t.Kind() == reflect.Slice:
		for _, entry := range node.Content {
			shorten(entry, t.Elem())
		}
	default:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if field, ok := fieldFor(t, node.Content[i].Value); ok {
				shorten(node.Content[i+1], field)
			}
		}
	}
}
