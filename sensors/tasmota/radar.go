package tasmota

import (
	"encoding/json"

	"github.com/ucare-project/ucare"
)

// radars decodes the blocks of presence radars, and reports whether there is one.
//
// LD2410: {"Distance":[moving,static,detection],"Energy":[moving,static]}. The
// firmware (xsns_102_ld2410) sets all of them to 0 while the radar has no
// target, and only then. In engineering mode the block has other members and says
// nothing. LD2410S: {"Distance":196.0,"People":2}; docs HLK-LD2410S: 0 and 1 are
// nobody, 2 and 3 somebody.
func (s statement) radars(said object) bool {
	_, tells := said["LD2410"]
	if distances, has := asObject(said["LD2410"])["Distance"]; has {
		s.target("LD2410", distances)
	}
	block, is := said["LD2410S"]
	if people, has := asObject(block)["People"]; has {
		switch string(people) {
		case "0", "1":
			s.good("LD2410S")
			s.repeat(ucare.Presence, ucare.Inactive)
		case "2", "3":
			s.good("LD2410S")
			s.repeat(ucare.Presence, ucare.Active)
		default:
			s.bad("LD2410S", people)
		}
	}
	return tells || is
}

// target reports somebody where one of the three distances is not zero.
func (s statement) target(block string, distances json.RawMessage) {
	var cm []*float64
	if json.Unmarshal(distances, &cm) != nil || len(cm) != 3 || cm[0] == nil || cm[1] == nil || cm[2] == nil {
		s.bad(block, distances)
		return
	}
	s.good(block)
	s.repeat(ucare.Presence, ucare.StateOf(*cm[0] > 0 || *cm[1] > 0 || *cm[2] > 0))
}
