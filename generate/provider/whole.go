package provider

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxWhole is the most bytes read of an answer that is not streamed.
const maxWhole = 16 << 20

// wholeOpenAI and wholeAnthropic are what matters of a response in one piece.
type wholeOpenAI struct {
	Choices []struct {
		Message struct {
			Content string `json:"content"`
		} `json:"message"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage wireUsage `json:"usage"`
}

type wholeAnthropic struct {
	Content []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"content"`
	StopReason string         `json:"stop_reason"`
	Usage      anthropicUsage `json:"usage"`
}

// whole reads the response of a server that does not stream, and returns it as a
// stream of one piece, which takes over the running timer first.
func (m *Model) whole(c *call, first *time.Timer, res *http.Response) (io.ReadCloser, error) {
	defer res.Body.Close()
	ctx := res.Request.Context()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxWhole))
	if err != nil {
		return nil, m.transportError(ctx, CodeTruncated, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, m.statusError(res.StatusCode, res.Header, body)
	}
	var failed struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &failed) == nil && len(failed.Error) > 0 && string(failed.Error) != "null" {
		return nil, m.eventError(failed.Error)
	}
	s := newStream(ctx, c, first, io.NopCloser(strings.NewReader("")))
	if m.config.Protocol == Anthropic {
		err = s.wholeAnthropic(body)
	} else {
		err = s.wholeOpenAI(body)
	}
	if err != nil {
		return nil, err
	}
	s.err = s.end()
	return s, nil
}

func (s *stream) wholeOpenAI(body []byte) error {
	var w wholeOpenAI
	if json.Unmarshal(body, &w) != nil || len(w.Choices) == 0 {
		return s.call.model.fault(CodeBadResponse, "a response that is no completion")
	}
	s.text(w.Choices[0].Message.Content)
	s.call.setFinish(w.Choices[0].FinishReason)
	s.call.setUsage(w.Usage.normal())
	return nil
}

func (s *stream) wholeAnthropic(body []byte) error {
	var w wholeAnthropic
	if json.Unmarshal(body, &w) != nil || w.Content == nil {
		return s.call.model.fault(CodeBadResponse, "a response that is no message")
	}
	for _, block := range w.Content {
		if block.Type == "text" {
			s.text(block.Text)
		}
	}
	s.finish(w.StopReason)
	s.count(w.Usage)
	return nil
}
