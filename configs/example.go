package configs

import _ "embed"

var (
	//go:embed ucare.yaml
	example string
	//go:embed ucare.minimal.yaml
	minimalExample string
	//go:embed center.yaml
	centerExample string
)

// Example is a complete ucare.yaml with every key, explained.
func Example() string { return example }

// MinimalExample is the shortest ucare.yaml that watches over a home.
func MinimalExample() string { return minimalExample }

// CenterExample is a complete center.yaml with every key, explained.
func CenterExample() string { return centerExample }
