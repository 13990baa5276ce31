package supervision

import "github.com/ucare-project/ucare"

// Method. A detector or a help button is not supervised before an alarm of it
// was seen live, a test press or the real thing (sensors.IsTest). That it was never tried is
// told from the moment it is listed or heard.

// judgeUntested finds out whether the sensor still has to be tried.
func (h *home) judgeUntested(id string, s *sensor, now instant, c *Change) {
	h.tell(ucare.FaultNotTested, id, s.MustTest && s.Tested == 0, now, "", c)
}
