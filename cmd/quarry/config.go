package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/quarry-rag/quarry/internal/runtime"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/rerank"
)

// globals are the flags of every command.
type globals struct {
	Server     string `default:"127.0.0.1:7447" placeholder:"HOST:PORT" help:"Server that client commands call. Default: ${default}."`
	Collection string `short:"c" default:"default" help:"Collection to use."`
	JSON       bool   `name:"json" help:"Print results as JSON, one message a line."`
	LogLevel   string `default:"warn" enum:"debug,info,warn,error" help:"Least severe log lines shown: ${enum}."`
	LogFormat  string `default:"text" enum:"text,json" help:"Format of log lines: ${enum}."`
}

func (g *globals) logger(term *terminal) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(g.LogLevel)); err != nil {
		level = slog.LevelWarn
	}
	o := &slog.HandlerOptions{Level: level}
	if g.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(term.err, o))
	}
	return slog.New(slog.NewTextHandler(term.err, o))
}

// storage says where a server role keeps and computes things.
type storage struct {
	Home        string `type:"path" help:"Folder of the runtime and the data. Default: /var/lib/quarry for root, else ~/.local/share/quarry, or quarry in XDG_DATA_HOME."`
	Runtime     string `type:"path" help:"Use this runtime folder instead of making one under home."`
	DatabaseURL string `name:"database-url" help:"Use this Postgres (15 or newer, pgvector 0.8 or newer) instead of a private one."`

	EmbedModel   string `help:"Embed with this model of an OpenAI-compatible server instead of in process."`
	EmbedBaseURL string `name:"embed-base-url" help:"That server, as in http://127.0.0.1:11434/v1."`
	EmbedDim     int    `help:"Length of that model's vectors."`
	EmbedRate    int    `name:"embed-tokens-per-minute" placeholder:"N" help:"What that server lets through for all workers together, in tokens. 0: as its answers say."`
	EmbedKey     string `secret:"" hidden:"" help:"Its key."`

	XDGDataHome string `hidden:"" env:"XDG_DATA_HOME"`
	UserHome    string `hidden:"" env:"HOME"`
}

func (s *storage) home() string { return runtime.Home(s.Home, s.XDGDataHome, s.UserHome) }

func (s *storage) dataDir() string { return filepath.Join(s.home(), "data") }

// Validate is called by kong, as are the others of that name.
func (s *storage) Validate() error {
	if s.DatabaseURL != "" {
		u, err := url.Parse(s.DatabaseURL)
		if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			return errors.New("--database-url (QUARRY_DATABASE_URL) must be a postgres:// URL")
		}
	}
	if s.EmbedModel != "" && (s.EmbedBaseURL == "" || s.EmbedDim <= 0) {
		return errors.New("--embed-model needs --embed-base-url and --embed-dim")
	}
	if s.EmbedRate < 0 {
		return errors.New("--embed-tokens-per-minute must not be negative")
	}
	return nil
}

// serving says how a server role serves.
type serving struct {
	Listen      string   `default:"127.0.0.1:7447" placeholder:"HOST:PORT" help:"Address of the gRPC server. Default: ${default}."`
	ImportRoots []string `name:"import-root" type:"path" placeholder:"DIR" help:"Folder that clients may have the server read. Default: every folder when listening on loopback, else none."`
	ImportURLs  []string `name:"import-url" placeholder:"URL" help:"What begins the URLs that clients may have read for them, as in https://docs.example.com/. Default: every URL when listening on loopback, else none."`

	RerankURL   string `name:"rerank-url" placeholder:"URL" help:"Rerank server (Cohere's, Jina's, llama.cpp's or text-embeddings-inference's form) that orders the best passages once more. It is sent questions and passages."`
	RerankModel string `help:"Model to name to it; some servers need none."`
	RerankKey   string `secret:"" hidden:"" help:"Its key."`

	AnswerCache time.Duration `placeholder:"DURATION" help:"Give an answer again for so long, as in 10m, while nothing of its collection has changed. Questions and answers are stored. 0: each is made anew."`

	AnswerCacheSemantic bool `help:"Give it again also to a question in other words that means the same, in English."`

	chatting
}

// chatting says which chat models there are.
type chatting struct {
	Models string `type:"path" help:"YAML file of models and routes that answer."`
	Model  string `help:"Chat model that writes answers; \"extractive\": answers are quotes, without a model. Empty: what OPENAI_API_KEY, ANTHROPIC_API_KEY or a server on this machine offers."`

	OpenAIKey     string `name:"openai-api-key" env:"OPENAI_API_KEY" secret:"" hidden:""`
	AnthropicKey  string `name:"anthropic-api-key" env:"ANTHROPIC_API_KEY" secret:"" hidden:""`
	OpenAIBaseURL string `name:"openai-base-url" env:"OPENAI_BASE_URL" placeholder:"URL" help:"OpenAI-compatible server of the chat model, as in http://127.0.0.1:11434/v1."`
}

// server is what a role that stores and serves takes.
type server struct {
	storage
	serving
}

func (s *server) Validate() error { return errors.Join(s.storage.Validate(), s.serving.check()) }

func (s *serving) check() error {
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		return fmt.Errorf("--listen (QUARRY_LISTEN): %w", err)
	}
	if s.AnswerCache < 0 {
		return errors.New("--answer-cache (QUARRY_ANSWER_CACHE): want 0 or more")
	}
	return s.chatting.check()
}

func (s *chatting) check() error {
	if s.Models != "" {
		_, _, err := s.modelsFile()
		return err
	}
	if s.chat() && s.OpenAIKey == "" && s.AnthropicKey == "" && s.OpenAIBaseURL == "" {
		return fmt.Errorf("QUARRY_MODEL is %q, and none of OPENAI_API_KEY, ANTHROPIC_API_KEY and OPENAI_BASE_URL says where it runs", s.Model)
	}
	return nil
}

// reranker is nil when none is configured.
func (s *serving) reranker() (retrieve.Reranker, error) {
	if s.RerankURL == "" {
		return nil, nil
	}
	c, err := rerank.New(rerank.Config{URL: s.RerankURL, Model: s.RerankModel, Key: s.RerankKey})
	if err != nil {
		return nil, fmt.Errorf("--rerank-url (QUARRY_RERANK_URL): %w", err)
	}
	return c, nil
}

func (s *chatting) chat() bool { return s.Model != "" && s.Model != "extractive" }

// roots are where StartImport may read: on loopback everywhere, since who can
// call is on this machine.
func (s *serving) roots() []string {
	if len(s.ImportRoots) == 0 && loopback(s.Listen) {
		return []string{"/"}
	}
	return s.ImportRoots
}

// urls are what begins the URLs that StartImport may read.
func (s *serving) urls() []string {
	if len(s.ImportURLs) == 0 && loopback(s.Listen) {
		return []string{"https://", "http://", "ssh://", "s3://"}
	}
	return s.ImportURLs
}

// loopback tells whether only this machine can reach the address.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// knownVariables refuses a QUARRY_* variable that nothing reads: most often a
// typing error, which would otherwise be obeyed by doing something else.
func knownVariables(parser *kong.Kong, environ []string) error {
	known := variables(parser)
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "QUARRY_") && !strings.HasPrefix(name, "QUARRY_TEST_") && !slices.Contains(known, name) {
			return fmt.Errorf("unknown variable %s; known are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

func variables(parser *kong.Kong) []string {
	var names []string
	kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && len(flag.Envs) > 0 && strings.HasPrefix(flag.Envs[0], "QUARRY_") {
			names = append(names, flag.Envs[0])
		}
		return next(nil)
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// configCmd takes every server flag, so that it prints what `up` would use.
type configCmd struct {
	server
	sources
}

func (c *configCmd) Run(k *kong.Context, term *terminal) error {
	all := map[string]string{}
	for _, flag := range k.Flags() {
		if len(flag.Envs) == 0 || flag.Envs[0] == "HOME" || flag.Envs[0] == "XDG_DATA_HOME" {
			continue
		}
		all[flag.Envs[0]] = shown(flag)
		if !term.json {
			fmt.Fprintf(term.out, "%s=%s\n", flag.Envs[0], shown(flag))
		}
	}
	if term.json {
		return json.NewEncoder(term.out).Encode(all)
	}
	return nil
}

// Where a URL's query, or a database's settings as "host=h password=p", hold secrets.
var (
	queryValue    = regexp.MustCompile(`=[^&]*`)
	passwordValue = regexp.MustCompile(`(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|\S+)`)
)

// shown is a flag's value for people.
func shown(flag *kong.Flag) string {
	value := fmt.Sprint(flag.Target.Interface())
	if flag.Tag.Has("secret") && value != "" {
		return "(set)"
	}
	return hideSecrets(value)
}

// hideSecrets is a value without what a URL or a database's settings hold.
func hideSecrets(value string) string {
	if u, err := url.Parse(value); err == nil && u.Host != "" {
		u.RawQuery = queryValue.ReplaceAllString(u.RawQuery, "=xxxxx")
		return u.Redacted()
	}
	return passwordValue.ReplaceAllString(value, "${1}xxxxx")
}
