// Command corpus decodes a file of labelled messages and says how many of them
// the gateway would understand.
//
//	go run ./acceptance/corpus [-definitions FILE] [FILE]
//
// Each line of the file is one MQTT message with what it means: a kind ("smoke",
// "door", "none" …) and whether that is active. A message stands alone in the
// file; in a home it would not: the bridge would have announced the device, and
// the household would have written down what only it can know. File home.go
// builds that home, from the message's own topic and payload and from what its
// label says of the device, never from what it says of the meaning.
//
// The table gives recall (of the messages of a kind, how many were heard with the
// right state) and precision (of what was heard of a kind, how much does not
// contradict its label; "besides" is what a message says about a kind that its
// label does not speak of, and counts for neither).
// The command fails when a message whose topic and payload are exact is not
// right, or when any message raises a false alarm.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	corpusFile      = "../shared/mqtt/payloads.jsonl"
	definitionsFile = "../shared/mqtt/z2m_devices.json"
)

func main() {
	definitions := flag.String("definitions", definitionsFile, "Zigbee2MQTT device definitions, JSON")
	verbose := flag.Bool("v", false, "tell of each message what was heard")
	flag.Parse()
	file := corpusFile
	if flag.NArg() > 0 {
		file = flag.Arg(0)
	}
	if err := run(os.Stdout, file, *definitions, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, file, definitions string, verbose bool) error {
	messages, err := readMessages(file)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(out, "skipped: there is no corpus of labelled messages at %s\n", file)
		return nil
	}
	if err != nil {
		return err
	}
	zigbee, err := readDefinitions(definitions)
	if err != nil {
		fmt.Fprintf(out, "without the definitions of Zigbee devices (%v): each property is taken for what its name says\n", err)
	}
	var s score
	for _, m := range messages {
		h := homeOf(m, messages, zigbee)
		s.add(judge(m, h.hear(m)))
	}
	s.print(out, verbose)
	return s.failed()
}
