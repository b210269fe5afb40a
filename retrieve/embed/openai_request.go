package embed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/quarry-rag/quarry/internal/retryafter"
)

const (
	firstWait     = 500 * time.Millisecond
	maxErrorBytes = 64 << 10

	// A number in a response takes about 22 bytes; indented ones take more.
	bytesPerNumber = 64
	bytesOverhead  = 1 << 20
)

type embeddingRequest struct {
	Model      string   `json:"model"`
	Input      []string `json:"input"`
	Encoding   string   `json:"encoding_format"`
	Dimensions int      `json:"dimensions,omitempty"`
}

// requestWithRetries repeats a request that failed for a reason that may pass,
// waiting as long as the server asks, or 0.5 s, 1 s, 2 s… less up to half at
// random. It gives up with the last error, joined with ctx's if that has ended.
func (o *OpenAI) requestWithRetries(ctx context.Context, b batch) ([][]float32, error) {
	body := embeddingRequest{Model: o.config.Model, Input: b.texts, Encoding: "float"}
	if o.config.SendDim {
		body.Dimensions = o.config.Dim
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		if err := o.wait(ctx, b.tokens); err != nil {
			return nil, err
		}
		vectors, err := o.request(ctx, encoded, len(b.texts))
		if err == nil {
			return vectors, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		wait, again := o.retryWait(err, try)
		if lost := o.tellPause(ctx, err, wait); lost != nil {
			return nil, errors.Join(err, lost)
		}
		if !again {
			return nil, err
		}
		if ended := sleep(ctx, wait); ended != nil {
			return nil, fmt.Errorf("%w: %w", ended, err)
		}
	}
}

// retryWait decides whether to repeat after err, and when.
func (o *OpenAI) retryWait(err error, try int) (wait time.Duration, again bool) {
	if try >= o.config.Retries || !mayPass(err) || o.final && errors.Is(err, errRefused) {
		return 0, false
	}
	var status *StatusError
	if errors.As(err, &status) && status.RetryAfter > 0 {
		return status.RetryAfter, status.RetryAfter <= o.config.MaxWait
	}
	wait = min(firstWait<<min(try, 16), o.config.MaxWait)
	return wait - rand.N(wait/2+1), true
}

// mayPass tells failures of the moment from those that a retry would repeat.
func mayPass(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Code == http.StatusRequestTimeout ||
			status.Code == http.StatusTooManyRequests || status.Code >= 500
	}
	return errors.Is(err, ErrUnreachable)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// request makes one try.
func (o *OpenAI) request(ctx context.Context, body []byte, texts int) ([][]float32, error) {
	ctx, cancel := context.WithTimeout(ctx, o.config.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.config.BaseURL+"/embeddings", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if o.config.Key != "" {
		req.Header.Set("Authorization", "Bearer "+o.config.Key)
	}
	resp, err := o.client.Do(req)
	if err != nil {
		return nil, o.transportError(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, o.statusError(resp)
	}
	limit := int64(texts)*int64(o.config.Dim)*bytesPerNumber + bytesOverhead
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, o.transportError(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes for %d texts", ErrResponse, limit, texts)
	}
	return decodeVectors(data, texts, o.info)
}

// ErrUnreachable marks a request that got no whole response.
var ErrUnreachable = errors.New("no response from the embedding server")

// errRefused is an ErrUnreachable of an address where nothing listens.
var errRefused = fmt.Errorf("%w: connection refused", ErrUnreachable)

func (o *OpenAI) transportError(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: %s", errRefused, o.redact(err.Error()))
	}
	return fmt.Errorf("%w: %s", ErrUnreachable, o.redact(err.Error()))
}

func (o *OpenAI) statusError(resp *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes)) // the status says enough
	return &StatusError{
		Code:       resp.StatusCode,
		Message:    o.redact(errorMessage(data)),
		RetryAfter: retryafter.Wait(resp.Header, time.Now()),
	}
}

func (o *OpenAI) redact(s string) string {
	if o.config.Key == "" {
		return s
	}
	return strings.ReplaceAll(s, o.config.Key, "[key]")
}
