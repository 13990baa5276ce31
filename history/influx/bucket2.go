package influx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	api "github.com/influxdata/influxdb-client-go/v2/api/http"
)

// madeByUs is the description of a bucket that we made, and whose retention therefore
// follows the configuration.
const madeByUs = "made by u-Care; its retention follows gateway.history.keep"

// A bucket is one of InfluxDB 2, as its API says it.
type bucket struct {
	ID          string `json:"id,omitempty"`
	OrgID       string `json:"orgID,omitempty"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Rules       []rule `json:"retentionRules"`
}

type rule struct {
	Type    string `json:"type"`
	Seconds int64  `json:"everySeconds"`
}

func rules(keep time.Duration) []rule {
	if keep == 0 {
		return []rule{}
	}
	return []rule{{"expire", int64(keep / time.Second)}}
}

func (b bucket) keep() time.Duration {
	for _, r := range b.Rules {
		return time.Duration(r.Seconds) * time.Second
	}
	return 0
}

// bucket2 makes sure of a bucket in InfluxDB 2.
func (p *preparing) bucket2(ctx context.Context, name string, keep time.Duration) (retention, error) {
	var all struct{ Buckets []bucket }
	_, err := p.request(ctx, http.MethodGet, "api/v2/buckets?"+url.Values{"org": {p.c.Org}, "name": {name}}.Encode(), nil, &all)
	if err != nil && status(err) != http.StatusNotFound { // of a bucket that is not there some versions say so
		return retention{}, p.later(ctx, name, err)
	}
	for _, b := range all.Buckets {
		if b.Name == name {
			return p.settle(ctx, b, keep)
		}
	}
	return p.create(ctx, name, keep)
}

// settle sees to the retention of a bucket that is there.
func (p *preparing) settle(ctx context.Context, b bucket, keep time.Duration) (retention, error) {
	if b.keep() == keep {
		return retention{keep, true}, nil
	}
	if b.Description == madeByUs {
		_, err := p.request(ctx, http.MethodPatch, "api/v2/buckets/"+url.PathEscape(b.ID), bucket{Rules: rules(keep)}, nil)
		if err == nil {
			return retention{keep, true}, nil
		}
		if code := status(err); code != http.StatusUnauthorized && code != http.StatusForbidden {
			return retention{}, p.later(ctx, b.Name, err)
		}
	}
	p.differs(b.Name, b.keep(), keep, fmt.Sprintf("if that is not meant: influx bucket update --id %s --retention %s", b.ID, duration(keep)))
	return retention{b.keep(), true}, nil
}

func (p *preparing) create(ctx context.Context, name string, keep time.Duration) (retention, error) {
	var orgs struct {
		Orgs []struct {
			ID string `json:"id"`
		} `json:"orgs"`
	}
	_, err := p.request(ctx, http.MethodGet, "api/v2/orgs?"+url.Values{"org": {p.c.Org}}.Encode(), nil, &orgs)
	if err == nil && len(orgs.Orgs) == 0 {
		err = &api.Error{StatusCode: http.StatusNotFound, Message: fmt.Sprintf("organization name %q not found", p.c.Org)}
	}
	if err == nil {
		_, err = p.request(ctx, http.MethodPost, "api/v2/buckets", bucket{OrgID: orgs.Orgs[0].ID, Name: name, Description: madeByUs, Rules: rules(keep)}, nil)
	}
	switch status(err) {
	case 0:
		if err != nil {
			return retention{}, p.later(ctx, name, err)
		}
		return retention{keep, true}, nil
	case http.StatusUnprocessableEntity: // it is there, and the token may not see it
		return retention{keep, false}, nil
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		err := p.later(ctx, name, err)
		return retention{}, &Later{
			Fault: fmt.Sprintf("the InfluxDB at %s has no bucket %s that the token may use, and does not make it (%v): check the token and the organisation %q, or make it by hand: influx bucket create --org %[4]q --name %[2]q --retention %s",
				p.c.URL, name, errors.Unwrap(err), p.c.Org, duration(keep)),
			Err: err,
		}
	default:
		return retention{}, p.later(ctx, name, err)
	}
}

// status is what the server answered; 0: nothing, or all is well.
func status(err error) int {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e.StatusCode
	}
	return 0
}
