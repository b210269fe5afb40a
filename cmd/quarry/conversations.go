package main

import (
	"context"
	"fmt"
	"strings"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// talksCmd reads and removes conversations.
type talksCmd struct {
	List   talksListCmd   `cmd:"" help:"List conversations, the last one first."`
	Show   talksShowCmd   `cmd:"" help:"Show what was said in one."`
	Delete talksDeleteCmd `cmd:"" help:"Delete conversations."`
}

// asWhom is whose conversations.
type asWhom struct {
	Principal []string `env:"-" placeholder:"NAME" help:"The person or group that asked; all that were given then."`
}

type talksListCmd struct{ asWhom }

func (c *talksListCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		in := &quarryv1.ListConversationsRequest{Collection: g.Collection, Principals: c.Principal}
		for {
			page, err := cl.talks().ListConversations(ctx, in)
			if err != nil {
				return err
			}
			for _, v := range page.Conversations {
				if err := term.print(v, talkLine(v)); err != nil {
					return err
				}
			}
			if in.PageToken = page.NextPageToken; in.PageToken == "" {
				return nil
			}
		}
	})
}

func talkLine(v *quarryv1.Conversation) string {
	return fmt.Sprintf("%s  %s  %s  %s", clean(v.Id), stamp(v.UpdatedAt), count(int64(v.Turns), 3, "turn"), line(v.Title, 80))
}

type talksShowCmd struct {
	ID string `arg:"" name:"conversation" help:"Its name, as list prints it."`
	asWhom
}

func (c *talksShowCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		in := &quarryv1.GetConversationRequest{Collection: g.Collection, Id: c.ID, Principals: c.Principal}
		for {
			page, err := cl.talks().GetConversation(ctx, in)
			if err != nil {
				return err
			}
			for _, m := range page.Messages {
				if err := term.print(m, messageText(term, m)); err != nil {
					return err
				}
			}
			if in.PageToken = page.NextPageToken; in.PageToken == "" {
				return nil
			}
		}
	})
}

// messageText is one turn as people read it.
func messageText(term *terminal, m *quarryv1.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Q%d: %s\n", m.Turn, line(m.Question, 500))
	if m.StandaloneQuestion != m.Question {
		fmt.Fprintf(&b, "    asked as: %s\n", line(m.StandaloneQuestion, 500))
	}
	fmt.Fprintf(&b, "%s\n", clean(m.Answer))
	v := &answerView{term: term, citations: m.Citations}
	b.WriteString(v.sources())
	fmt.Fprintf(&b, "\n%s, by %s\n", verdictLine(&quarryv1.VerdictEvent{Verdict: m.Verdict}), clean(m.Model))
	return b.String()
}

type talksDeleteCmd struct {
	IDs []string `arg:"" name:"conversation" help:"Names, as list prints them."`
	asWhom
}

func (c *talksDeleteCmd) Run(ctx context.Context, g *globals, term *terminal) error {
	return withClient(g.Server, func(cl *client) error {
		for _, id := range c.IDs {
			_, err := cl.talks().DeleteConversation(ctx, &quarryv1.DeleteConversationRequest{Collection: g.Collection, Id: id, Principals: c.Principal})
			if err != nil {
				return err
			}
			term.note("deleted %s", clean(id))
		}
		return nil
	})
}

// lastConversation is the caller's last one; empty when there is none.
func lastConversation(ctx context.Context, cl *client, collection string, principals []string) (string, error) {
	page, err := cl.talks().ListConversations(ctx, &quarryv1.ListConversationsRequest{Collection: collection, Principals: principals, PageSize: 1})
	if err != nil || len(page.Conversations) == 0 {
		return "", err
	}
	return page.Conversations[0].Id, nil
}

func (c *client) talks() quarryv1.ConversationServiceClient {
	return quarryv1.NewConversationServiceClient(c.conn)
}
