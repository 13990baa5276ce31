package main

import (
	"regexp"

	"github.com/ucare-project/ucare/configs"
)

// mappings are what the household has written down: every ready mapping there
// is, and what the message's notes say that only a household can know.
func (h home) mappings(m message) []configs.Mapping {
	var all []configs.Mapping
	if stated := statedMapping.FindStringSubmatch(m.Notes); stated != nil {
		all = append(all, configs.Mapping{
			Topic: configs.Values{configs.Value(h.topic)}, Path: stated[1], Kind: string(kinds[stated[2]][0]), Repeats: true,
			On: configs.Values{"ON"}, Off: configs.Values{"OFF"},
		})
	}
	for _, name := range configs.ReadyNames() {
		all = append(all, configs.Mapping{Use: name})
	}
	return all
}

// statedMapping is a note such as "needs a mapping Switch1 -> motion".
var statedMapping = regexp.MustCompile(`mapping (\w+) -> (motion|presence|door|smoke|gas|co|heat|leak|fall|sos)\b`)
