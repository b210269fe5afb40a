package api

import (
	"context"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/conversation"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
	"github.com/quarry-rag/quarry/retrieve"
)

// talk is a question's conversation, and what of the answer goes into it. A nil
// talk is a question without one.
type talk struct {
	conversation.Recalled
	conversation *conversation.Conversation
	took         time.Duration // to make the question stand alone
	message      conversation.Message
	text         strings.Builder
}

// talk opens or begins the conversation that the request names, and makes its
// question stand alone.
func (s *queries) talk(ctx context.Context, in *quarryv1.AskRequest, answerer generate.Answerer) (*talk, error) {
	if in.Conversation == "" && !in.StartConversation {
		return nil, nil
	}
	if s.talks == nil {
		return nil, &fieldError{"conversation", "this server keeps none"}
	}
	if in.Conversation != "" && in.StartConversation {
		return nil, &fieldError{"start_conversation", "not together with conversation"}
	}
	start, owner := time.Now(), conversation.OwnerOf(in.Options.GetPrincipals())
	t := &talk{}
	var err error
	if in.StartConversation {
		t.conversation, err = s.talks.Store.New(ctx, in.Collection, owner)
	} else {
		t.conversation, err = s.talks.Store.Open(ctx, in.Collection, in.Conversation, owner)
	}
	if err != nil {
		return nil, err
	}
	writer, _ := answerer.(generate.Shorter)
	t.Recalled, err = s.talks.Recall(ctx, t.conversation, in.Collection, in.Question, writer)
	s.record(ctx, in.Collection, t.Tries)
	t.took = time.Since(start)
	return t, err
}

// question is what to search for and to answer.
func (a *asking) question() string {
	if a.talk == nil {
		return a.in.Question
	}
	return a.talk.Question
}

// hear takes what the conversation keeps of an event.
func (t *talk) hear(e generate.Event, passages []retrieve.Passage) {
	switch e := e.(type) {
	case generate.Restart:
		t.text.Reset()
		t.message = conversation.Message{}
	case generate.Delta:
		t.text.WriteString(e.Text)
	case generate.Object:
		t.text.WriteString(e.JSON)
	case generate.Citation:
		p := passages[e.Passage-1]
		t.message.Citations = append(t.message.Citations, conversation.Citation{
			Passage: e.Passage, DocumentID: p.DocumentID, URI: p.URI, Title: p.Title, Version: p.Version,
			HeadingPath: p.HeadingPath, Page: p.Page, Start: e.Start, End: e.End, Quote: e.Quote, Commit: p.Commit,
		})
	case generate.Verdict:
		t.message.Verdict = e.Outcome
	}
}

// rememberWithin is the time to store an answer in its conversation.
const rememberWithin = 5 * time.Second

// remember adds the question and its answer to the conversation. The client's
// going does not end it: the answer was whole.
func (s *queries) remember(ctx context.Context, a *asking, tries []generate.Try) error {
	if a.talk == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rememberWithin)
	defer cancel()
	m := a.talk.message
	m.Question, m.Standalone, m.Answer, m.Model = a.in.Question, a.talk.Question, a.talk.text.String(), a.answerer.Plan().Model
	for _, t := range tries {
		if t.Code == "" && t.Purpose == "" {
			m.Model = t.Model
		}
	}
	if a.from.again != nil && a.from.again.Model != "" {
		m.Model = a.from.again.Model
	}
	return s.talks.Store.Append(ctx, a.talk.conversation, m)
}
