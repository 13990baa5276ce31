// Command definitions tells what the gateway makes of Zigbee2MQTT's device
// definitions, without any device.
//
//	go run ./acceptance/definitions [FILE]
//
// FILE is a list of definitions in JSON, as Zigbee2MQTT has them, in which each
// property that could matter for a person's safety bears its categories ("cats":
// smoke, contact, sos …). Each definition is announced to the real decoder in
// bridge/devices, and then each of its properties is said with each of its values.
// The table tells by category how many of them are decoded with the right state,
// how many only the household can tell the meaning of (the decoder says so in a
// fault: needs mapping), and how many are ignored. A property that is a setting, a
// number or told better by another one is no safety property; file rules.go says
// by which rule.
//
// The command fails when a safety property is ignored or a state is wrong.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const definitionsFile = "../shared/mqtt/z2m_devices.json"

func main() {
	file := definitionsFile
	if len(os.Args) > 1 {
		file = os.Args[1]
	}
	if err := run(os.Stdout, file); err != nil {
		fmt.Fprintln(os.Stderr, "definitions:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, file string) error {
	definitions, err := readDefinitions(file)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(out, "skipped: there are no device definitions at %s\n", file)
		return nil
	}
	if err != nil {
		return err
	}
	var r report
	for _, d := range definitions {
		r.add(judge(d))
	}
	r.print(out, len(definitions))
	return r.failed()
}
