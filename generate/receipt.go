package generate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quarry-rag/quarry/generate/provider"
)

// Price of a model, in US dollars per million tokens, as it was on Date.
type Price struct {
	Input, Cached, Output float64
	Date                  string // YYYY-MM-DD
}

// Cost of a call in US dollars. It is not known without a price.
func (p *Price) Cost(u Usage) (dollars float64, known bool) {
	if p == nil {
		return 0, false
	}
	cached := min(u.CachedTokens, u.InputTokens)
	return (float64(u.InputTokens-cached)*p.Input + float64(cached)*p.Cached + float64(u.OutputTokens)*p.Output) / 1e6, true
}

// free is the price of what runs in this process.
var free = &Price{}

// Try is one model's go at an answer.
type Try struct {
	Model string
	// Purpose is what the model was asked for, when not for an answer: "rewrite"
	// of a follow-up, "summary" of a conversation.
	Purpose string
	// Code says why the try did not give the answer: the error's code, or one of
	// the codes below. Empty: it did.
	Code string
	// Refused: the provider answered with an error status, and did no work.
	Refused bool
	Usage   Usage
	// Estimated: the answer broke off before its tokens were counted, or nobody did.
	Estimated bool
	Price     *Price // nil: not known
	Seed      *int64 // that was sent; nil: none
	// Spared is, of the try that gave a cascade's answer, what the last model would
	// have cost for as many tokens less what all tries cost, in US dollars; nil: not
	// known, or no cascade.
	Spared *float64
	// FirstToken is 0 when none came; both count from the try's own start.
	FirstToken, Duration time.Duration
}

// Cost of the try in US dollars. It is not known without a price, nor when a call
// that was made broke off before its tokens were counted; one that the provider
// refused costs nothing.
func (t Try) Cost() (dollars float64, known bool) {
	switch {
	case t.Refused:
		return 0, true
	case t.Code != "" && t.Duration > 0 && t.Usage == (Usage{}) && t.Price != free:
		return 0, false
	}
	return t.Price.Cost(t.Usage)
}

// Codes of tries that no provider failed.
const (
	CodeWeak        = "weak_answer"      // its answer did not pass the checks of a cascade
	CodeSchema      = "invalid_json"     // its answer did not obey the schema that was asked for
	CodeRewrite     = "unusable_rewrite" // its rewrite of a follow-up is no such question
	CodeHedged      = "hedged"           // another model began to answer first
	CodeCircuitOpen = "circuit_open"     // it failed too often; not asked
	CodeRetryLater  = "retry_later"      // its provider wants to be left alone until later; not asked
	CodeRateLimit   = "rate_limited"     // as often asked as its configuration allows; not asked
	CodeBudget      = "over_budget"      // it would have cost more than is left; not asked
	CodeCancelled   = "cancelled"        // the caller went away
	CodeInternal    = "internal"         // something on this side failed
	codeUnknown     = "unknown_error"    // the provider gave neither code nor status
)

// codeOf names an error in a receipt.
func codeOf(err error) string {
	var e *provider.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e) && e.Code != "":
		return e.Code
	case errors.As(err, &e) && e.Status != 0:
		return fmt.Sprintf("status_%d", e.Status)
	case errors.As(err, &e):
		return codeUnknown
	case errors.Is(err, context.DeadlineExceeded):
		return provider.CodeTimeout
	case errors.Is(err, context.Canceled):
		return CodeCancelled
	}
	return CodeInternal
}

// TriesError is an answer that failed, with the tries that it took.
type TriesError struct {
	Route string // empty without one
	Tries []Try
	Err   error
}

func (e *TriesError) Error() string { return e.Err.Error() }
func (e *TriesError) Unwrap() error { return e.Err }
