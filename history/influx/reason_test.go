package influx

import "testing"

// Readings are counted by the reason for which they were set aside.
func TestTheReasonOfARefusalIsTheSameForAllThatHaveIt(t *testing.T) {
	for text, want := range map[string]string{
		`partial write: field type conflict: input field "value" on measurement "reading" is type float, already exists as type integer dropped=3`: `the InfluxDB says: partial write: field type conflict: input field "value" on measurement "reading" is type float, already exists as type integer`,
		`unable to parse 'reading,dwelling=d-1,room=it\'s value=1 17': max key length exceeded: 70000 > 65535`:                                     `the InfluxDB says: unable to parse it: max key length exceeded: 70000 > 65535`,
		"unable to parse 'reading,dwelling=d-1 value=1 17': bad\nunable to parse 'reading,dwelling=d-1 value=2 18': bad":                           `the InfluxDB says: unable to parse it: bad`,
		"unable to parse 'reading,dwelling=d-1,room=in which the answer ends wi…":                                                                  `the InfluxDB says: unable to parse it`,
	} {
		if got := (&refusal{text: text}).reason(); got != want {
			t.Errorf("%s\nis because of\n%s\nwant\n%s", text, got, want)
		}
	}
}
