package configs

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// historyKey is where the history stands in the file.
const historyKey = "gateway.history"

// history checks where readings are remembered, and how long.
func (c *checker) history(h *History) {
	c.oneOf(historyKey+".store", h.Store, Embedded, InfluxDB)
	c.between(historyKey+".keep", h.Keep, leastHistory, mostHistory)
	c.between(historyKey+".keep_hours", h.KeepHours, leastHistory, mostHistory)
	if h.KeepHours < h.Keep && !c.about(historyKey+".keep") {
		c.add(historyKey+".keep_hours", writeDuration(h.KeepHours),
			"is less than keep (%s): what the hours came to is kept as long as their readings at least", writeDuration(h.Keep))
	}
	if h.Store != InfluxDB && !c.doc.has(historyKey+".influxdb") {
		h.Influx = nil // the environment alone uses no server
	}
	switch {
	case h.Influx != nil:
		c.influx(h.Influx)
	case h.Store == InfluxDB:
		c.add(historyKey+".influxdb", "", "is missing: write url, org and token_file of the server, or store: %s", Embedded)
	}
}

func (c *checker) influx(i *Influx) {
	const path = historyKey + ".influxdb"
	c.url(path+".url", i.URL, schemes{webSchemes.encrypted, webSchemes.plain, "http://127.0.0.1:8086"})
	if u, err := url.Parse(i.URL); err == nil && strings.Contains(u.Path+"/", "/api/") {
		c.add(path+".url", i.URL, "ends in %s: give the base address; /api/v2/write is added to it", strings.TrimRight(u.Path, "/"))
	}
	c.bucket(path+".bucket", i.Bucket, i.Org, "ucare/readings")
	c.bucket(path+".hours_bucket", i.HoursBucket, i.Org, "ucare/hours")
	c.once(seen{i.Bucket: path + ".bucket"}, path+".hours_bucket", i.HoursBucket, "hours are kept longer than readings and need a bucket of their own")
	if strings.ContainsFunc(i.Org, unicode.IsControl) || strings.TrimSpace(i.Org) != i.Org {
		c.add(path+".org", i.Org, "is not the name of an organisation: write it as `influx org list` does")
	}
	if given := c.token(path, &i.Token); !given && i.Org != "" {
		c.add(path+".token_file", "", "is missing: InfluxDB 2 lets nobody in without: %s", copyToken("secrets/influxdb.token"))
	}
	c.certificates(path+".ca_file", &i.CAFile)
}

var (
	bucketForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
	databaseForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
)

// bucket checks the name of a bucket. Of InfluxDB 1.8, which has no organisations, it
// is a database and a retention policy, such as the example.
func (c *checker) bucket(path, name, org, example string) {
	switch {
	case org == "" && bucketForm.MatchString(name):
		c.add(path, name, "is a bucket of InfluxDB 2: write its org; or, for InfluxDB 1.8, write database and retention policy, such as %q", example)
	case org != "" && databaseForm.MatchString(name):
		c.add(path, name, "is a bucket of InfluxDB 1.8, which has no organisations: take org out; or, for InfluxDB 2, write a name without /")
	case org == "" && !databaseForm.MatchString(name), org != "" && !bucketForm.MatchString(name):
		c.add(path, name, `is not the name of a bucket: write 1 to 64 letters, digits, "_", "-" and ".", such as "ucare"`)
	}
}

// history warns of what a history does not use, and of what others can read.
func (w *warnings) history(h History) {
	if h.Influx == nil {
		return
	}
	if h.Store != InfluxDB {
		w.say("%s.influxdb: nothing is sent to it while store is %s", historyKey, h.Store)
		return
	}
	w.plain(historyKey+".influxdb.url", h.Influx.URL, webSchemes)
}
