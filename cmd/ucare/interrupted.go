package main

import (
	"context"
	"errors"
	"fmt"
)

// toTheEnd is for work that is worth nothing by half: that it was interrupted is an
// error, with an exit code of its own, and not the end that somebody wanted of a daemon.
func toTheEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("it was interrupted before its end; run the same command again (%v)", err)
	}
	return err
}
