package embed

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Pacer makes several processes keep one pace towards a server. Safe for
// concurrent use.
type Pacer interface {
	// Wait returns when a request of so many tokens, by estimate, may be sent.
	Wait(ctx context.Context, tokens int) error
	// Pause keeps all from sending for a while.
	Pause(ctx context.Context, d time.Duration) error
}

// Paced returns an embedder that shares all with o but sends at p's pace, and
// tells p when the server asks for a pause.
func (o *OpenAI) Paced(p Pacer) *OpenAI {
	paced := *o
	paced.pacer = p
	return &paced
}

// Server names the server and model, without a secret.
func (o *OpenAI) Server() string { return o.config.BaseURL + " " + o.config.Model }

// wait returns when the pacer, if there is one, lets a request go.
func (o *OpenAI) wait(ctx context.Context, tokens int) error {
	if o.pacer == nil {
		return nil
	}
	return o.pacer.Wait(ctx, tokens)
}

// tellPause tells the pacer of a server that asks for fewer requests. wait is how
// long this request waits before it is sent again, 0 for not at all.
func (o *OpenAI) tellPause(ctx context.Context, err error, wait time.Duration) error {
	var status *StatusError
	if o.pacer == nil || !errors.As(err, &status) || status.Code != http.StatusTooManyRequests && status.RetryAfter == 0 {
		return nil
	}
	return o.pacer.Pause(ctx, max(wait, status.RetryAfter, firstWait))
}
