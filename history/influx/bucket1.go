package influx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// bucket1 makes sure of a database and its retention policy in InfluxDB 1.8.
func (p *preparing) bucket1(ctx context.Context, bucket string, keep time.Duration) (retention, error) {
	database, policy, ok := strings.Cut(bucket, "/")
	if !ok || database == "" || policy == "" {
		return retention{}, &Later{
			Fault: fmt.Sprintf("the InfluxDB at %s is of version 1.8, where a bucket is a database and a retention policy: write %s/readings, say, instead of %s", p.c.URL, bucket, bucket),
			Err:   fmt.Errorf("%q is not database/policy", bucket),
		}
	}
	policies, there, err := p.policies(ctx, bucket, database)
	if err != nil {
		return retention{}, err
	}
	if has, ok := policies[policy]; ok {
		if has != keep {
			p.differs(bucket, has, keep, fmt.Sprintf("if that is not meant: ALTER RETENTION POLICY %s ON %s DURATION %s", identifier(policy), identifier(database), duration(keep)))
		}
		return retention{has, true}, nil
	}
	create := fmt.Sprintf("CREATE DATABASE %s WITH DURATION %s REPLICATION 1 NAME %s", identifier(database), duration(keep), identifier(policy))
	if there {
		create = fmt.Sprintf("CREATE RETENTION POLICY %s ON %s DURATION %s REPLICATION 1", identifier(policy), identifier(database), duration(keep))
	}
	_, err = p.influxQL(ctx, bucket, create)
	_, refused := errors.AsType[*failed](err)
	if later, ok := errors.AsType[*Later](err); refused || ok && later.Fault != "" {
		return retention{}, &Later{
			Fault: fmt.Sprintf("the InfluxDB at %s does not make the bucket %s for us (%v): have its administrator do it, %s", p.c.URL, bucket, err, create),
			Err:   err,
		}
	}
	return retention{keep, true}, err
}

// policies are the retention policies of a database, if that is there.
func (s *Store) policies(ctx context.Context, bucket, database string) (keep map[string]time.Duration, there bool, err error) {
	results, err := s.influxQL(ctx, bucket, "SHOW RETENTION POLICIES ON "+identifier(database))
	if f, ok := errors.AsType[*failed](err); ok && strings.HasPrefix(f.text, "database not found") {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	keep = map[string]time.Duration{}
	for _, series := range results[0].Series {
		for _, values := range series.Values {
			if len(values) < 2 {
				continue
			}
			name, _ := values[0].(string)
			text, _ := values[1].(string)
			if keep[name], err = time.ParseDuration(text); err != nil {
				return nil, false, fmt.Errorf("the retention policy %s of the InfluxDB keeps things for %q: %w", name, text, err)
			}
		}
	}
	return keep, true, nil
}

// A result is what one InfluxQL statement gives.
type result struct {
	Error  string `json:"error"`
	Series []struct {
		Values [][]any `json:"values"`
	} `json:"series"`
}

// A failed is a statement that the server does not carry out.
type failed struct{ text string }

func (f *failed) Error() string { return "the InfluxDB says: " + f.text }

// influxQL carries statements out: what 1.8 has no other way for.
func (s *Store) influxQL(ctx context.Context, bucket, statements string) ([]result, error) {
	form := url.Values{"q": {statements}}
	if database, _, _ := strings.Cut(bucket, "/"); database != "" {
		form.Set("db", database)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.client.HTTPService().ServerURL()+"query", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct{ Results []result }
	if _, err := s.do(request, &answer); err != nil {
		return nil, s.later(ctx, bucket, err)
	}
	for _, r := range answer.Results {
		if r.Error != "" && r.Error != "not executed" { // those behind the one that failed
			return nil, &failed{r.Error}
		}
	}
	if len(answer.Results) == 0 {
		return nil, &failed{"nothing, to " + statements}
	}
	return answer.Results, nil
}

// identifier is a name in InfluxQL. Config.check keeps out what cannot be one.
func identifier(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(name) + `"`
}

// duration is a retention as a statement says it.
func duration(keep time.Duration) string {
	if keep == 0 {
		return "INF"
	}
	return fmt.Sprintf("%ds", int64(keep/time.Second))
}
