package provider

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
)

// maxWhole is the most bytes read of an answer that is not streamed.
const maxWhole = 16 << 20

// wholeOpenAI and wholeAnthropic are what matters of a response in one piece.
type wholeOpenAI struct {
	Choices []struct {
		Message struct {
			Content string `json:"content"`
			Refusal string `json:"refusal"`
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

// whole takes in the response of a server that does not stream.
func (m *Model) whole(ctx context.Context, c *call, res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxWhole))
	if err != nil {
		return m.transportError(ctx, CodeTruncated, err)
	}
	if res.StatusCode != http.StatusOK {
		return m.statusError(res.StatusCode, res.Header, body)
	}
	var failed struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &failed) == nil && len(failed.Error) > 0 && string(failed.Error) != "null" {
		return m.eventError(failed.Error)
	}
	c.done = true
	if m.config.Protocol == Anthropic {
		return c.wholeAnthropic(body)
	}
	return c.wholeOpenAI(body)
}

func (c *call) wholeOpenAI(body []byte) error {
	var w wholeOpenAI
	if json.Unmarshal(body, &w) != nil || len(w.Choices) == 0 {
		return c.model.fault(CodeBadResponse, "a response that is no completion")
	}
	choice := w.Choices[0]
	c.finish, c.usage = choice.FinishReason, w.Usage.normal()
	if choice.Message.Refusal != "" && c.finish == "stop" {
		c.finish = FinishRefused
	}
	return c.text(choice.Message.Content + choice.Message.Refusal)
}

func (c *call) wholeAnthropic(body []byte) error {
	var w wholeAnthropic
	if json.Unmarshal(body, &w) != nil || w.Content == nil {
		return c.model.fault(CodeBadResponse, "a response that is no message")
	}
	c.finish, c.usage = finishReason(w.StopReason), w.Usage.over(anthropicUsage{}).normal()
	for _, block := range w.Content {
		if block.Type != "text" {
			continue
		}
		if err := c.text(block.Text); err != nil {
			return err
		}
	}
	return nil
}
