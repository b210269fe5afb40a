package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/quarry-rag/quarry/generate/answercache"
	"github.com/quarry-rag/quarry/generate/conversation"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// pageOf conversations and messages unless told otherwise.
const pageOf = 50

// conversations is ConversationService.
type conversations struct {
	quarryv1.UnimplementedConversationServiceServer
	store *conversation.Store
}

// kept returns the store, or an error where there is none.
func (s *conversations) kept() (*conversation.Store, error) {
	if s.store == nil {
		return nil, status.Error(codes.Unimplemented, "this server keeps no conversations")
	}
	return s.store, nil
}

func (s *conversations) CreateConversation(ctx context.Context, in *quarryv1.CreateConversationRequest) (*quarryv1.CreateConversationResponse, error) {
	store, err := s.kept()
	if err != nil {
		return nil, err
	}
	c, err := store.Create(ctx, in.Collection, conversation.OwnerOf(in.Principals))
	if err != nil {
		return nil, err
	}
	return &quarryv1.CreateConversationResponse{Conversation: fromConversation(c)}, nil
}

func (s *conversations) GetConversation(ctx context.Context, in *quarryv1.GetConversationRequest) (*quarryv1.GetConversationResponse, error) {
	store, err := s.kept()
	if err != nil {
		return nil, err
	}
	c, err := store.Open(ctx, in.Collection, in.Id, conversation.OwnerOf(in.Principals))
	if err != nil {
		return nil, err
	}
	turn := 0
	if after, err := afterToken(in.PageToken); err != nil {
		return nil, err
	} else if after != "" {
		if turn, err = strconv.Atoi(after); err != nil {
			return nil, &fieldError{"page_token", "not a token of this server"}
		}
	}
	size := sizeOr(in.PageSize, pageOf)
	messages, err := store.Messages(ctx, c, turn, size)
	if err != nil {
		return nil, err
	}
	out := &quarryv1.GetConversationResponse{Conversation: fromConversation(c)}
	for _, m := range messages {
		out.Messages = append(out.Messages, fromMessage(m))
	}
	if len(messages) == size {
		out.NextPageToken = pageToken(strconv.Itoa(messages[size-1].Turn))
	}
	return out, nil
}

func (s *conversations) ListConversations(ctx context.Context, in *quarryv1.ListConversationsRequest) (*quarryv1.ListConversationsResponse, error) {
	store, err := s.kept()
	if err != nil {
		return nil, err
	}
	before, id, err := lastListed(in.PageToken)
	if err != nil {
		return nil, err
	}
	size := sizeOr(in.PageSize, pageOf)
	all, err := store.List(ctx, in.Collection, conversation.OwnerOf(in.Principals), before, id, size)
	if err != nil {
		return nil, err
	}
	out := &quarryv1.ListConversationsResponse{}
	for i := range all {
		out.Conversations = append(out.Conversations, fromConversation(&all[i]))
	}
	if len(all) == size {
		last := all[size-1]
		out.NextPageToken = pageToken(fmt.Sprintf("%d %s", last.UpdatedAt.UnixMicro(), last.ID))
	}
	return out, nil
}

func (s *conversations) DeleteConversation(ctx context.Context, in *quarryv1.DeleteConversationRequest) (*quarryv1.DeleteConversationResponse, error) {
	store, err := s.kept()
	if err != nil {
		return nil, err
	}
	if err := store.Delete(ctx, in.Collection, in.Id, conversation.OwnerOf(in.Principals), answercache.Forget); err != nil {
		return nil, err
	}
	return &quarryv1.DeleteConversationResponse{}, nil
}

// lastListed reads a page token of conversations.
func lastListed(token string) (time.Time, string, error) {
	after, err := afterToken(token)
	if after == "" || err != nil {
		return time.Time{}, "", err
	}
	micros, id, _ := strings.Cut(after, " ")
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || strings.ContainsRune(id, 0) {
		return time.Time{}, "", &fieldError{"page_token", "not a token of this server"}
	}
	return time.UnixMicro(n), id, nil
}

func sizeOr(size int32, d int) int {
	if size == 0 {
		return d
	}
	return int(size)
}

func fromConversation(c *conversation.Conversation) *quarryv1.Conversation {
	return &quarryv1.Conversation{
		Id: c.ID, Title: c.Title, Turns: int32(c.Turns), CreatedAt: fromTime(c.CreatedAt), UpdatedAt: fromTime(c.UpdatedAt),
	}
}

func fromMessage(m conversation.Message) *quarryv1.Message {
	out := &quarryv1.Message{
		Turn: int32(m.Turn), Question: m.Question, StandaloneQuestion: m.Standalone, Answer: m.Answer,
		Model: m.Model, Verdict: fromOutcome(m.Verdict), CreatedAt: fromTime(m.CreatedAt),
	}
	for _, c := range m.Citations {
		out.Citations = append(out.Citations, &quarryv1.CitationEvent{
			Passage: int32(c.Passage), DocumentId: fromID(c.DocumentID), Uri: c.URI, Title: c.Title, Version: c.Version,
			Range: fromRange(c.Start, c.End), Page: int32(c.Page), HeadingPath: c.HeadingPath, Quote: c.Quote, Commit: c.Commit,
		})
	}
	return out
}
