package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/ingest"
)

// parse returns what the arguments and variables mean.
func parse(t *testing.T, env map[string]string, args ...string) (*cli, *kong.Context, error) {
	t.Helper()
	for _, name := range []string{"OPENAI_API_KEY", "OPENAI_BASE_URL"} {
		t.Setenv(name, "")
	}
	for k, v := range env {
		t.Setenv(k, v)
	}
	c := &cli{}
	term, _ := testTerminal()
	parser, err := newParser(c, term)
	if err != nil {
		t.Fatal(err)
	}
	k, err := parser.Parse(args)
	return c, k, err
}

func TestFlagsAndVariables(t *testing.T) {
	c, k, err := parse(t, map[string]string{"QUARRY_COLLECTION": "docs", "QUARRY_LISTEN": "0.0.0.0:1", "QUARRY_DATABASE_URL": "postgres://h/d"},
		"up", "--docs", "/a", "--docs", "/b", "--ask", "Why?", "--once", "--import-root", "/srv")
	if err != nil {
		t.Fatal(err)
	}
	if k.Command() != "up" || c.Collection != "docs" || c.Up.Listen != "0.0.0.0:1" || c.Up.DatabaseURL != "postgres://h/d" || !c.Up.Once || c.Up.Ask != "Why?" {
		t.Errorf("got %+v", c.Up)
	}
	if diff := cmp.Diff([]string{"/a", "/b"}, c.Up.Docs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"/srv"}, c.Up.roots()); diff != "" {
		t.Error(diff)
	}
}

func TestFlagBeatsVariable(t *testing.T) {
	c, _, err := parse(t, map[string]string{"QUARRY_SERVER": "a:1"}, "--server", "b:2", "ask", "How", "so?")
	if err != nil {
		t.Fatal(err)
	}
	if c.Server != "b:2" || strings.Join(c.Ask.Question, " ") != "How so?" {
		t.Errorf("got %+v", c)
	}
}

func TestInvalidValuesFail(t *testing.T) {
	cases := []struct {
		env  map[string]string
		args []string
		want string
	}{
		{nil, []string{"up", "--listen", "nowhere"}, "QUARRY_LISTEN"},
		{nil, []string{"up", "--database-url", "mysql://x"}, "QUARRY_DATABASE_URL"},
		{map[string]string{"QUARRY_MODEL": "gpt"}, []string{"up"}, "OPENAI_API_KEY"},
		{map[string]string{"QUARRY_MODELS": "/nowhere.yaml"}, []string{"config"}, "/nowhere.yaml"},
		{map[string]string{"QUARRY_MODELS": "config_test.go"}, []string{"up"}, "config_test.go: models"},
		{map[string]string{"QUARRY_LOG_LEVEL": "loud"}, []string{"version"}, "log-level"},
		{nil, []string{"serve", "--embed-model", "m"}, "embed-base-url"},
		{nil, []string{"docs", "list", "--state", "odd"}, "state"},
		{nil, []string{"ask"}, "question"},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			_, _, err := parse(t, c.env, c.args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want it to name %s", err, c.want)
			}
		})
	}
}

// A newcomer finds every command, argument and flag explained.
func TestEverythingHasHelp(t *testing.T) {
	term, _ := testTerminal()
	parser, err := newParser(&cli{}, term)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		name, help := "", ""
		switch n := node.(type) {
		case *kong.Flag:
			if !n.Hidden {
				name, help = n.Summary(), n.Help
			}
		case *kong.Node:
			if !n.Hidden {
				name, help = n.FullPath(), n.Help
			}
			for _, p := range n.Positional {
				if seen++; p.Help == "" {
					t.Errorf("%s: no help for %s", n.FullPath(), p.Summary())
				}
			}
		}
		if seen++; name != "" && help == "" {
			t.Errorf("no help for %s", name)
		}
		return next(nil)
	})
	if err != nil || seen < 100 {
		t.Errorf("%d seen, %v", seen, err)
	}
}

func TestUnknownVariableFails(t *testing.T) {
	term, _ := testTerminal()
	parser, err := newParser(&cli{}, term)
	if err != nil {
		t.Fatal(err)
	}
	if err := knownVariables(parser, []string{"QUARRY_HOME=/x", "QUARRY_MODEL=m", "QUARRY_TEST_RUNTIME=/y", "PATH=/z"}); err != nil {
		t.Error(err)
	}
	err = knownVariables(parser, []string{"QUARRY_HOEM=/x"})
	if err == nil || !strings.Contains(err.Error(), "QUARRY_HOEM") || !strings.Contains(err.Error(), "QUARRY_HOME") {
		t.Errorf("got %v", err)
	}
}

func TestConfigRedactsSecrets(t *testing.T) {
	_, k, err := parse(t, map[string]string{"OPENAI_API_KEY": "sk-hush", "QUARRY_MODEL": "gpt"}, "config", "--database-url", "postgres://u:hush@h/d", "--embed-key", "hush")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	term := &terminal{out: &b, err: &b}
	if err := k.Run(term); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	if strings.Contains(got, "hush") {
		t.Errorf("a secret is shown:\n%s", got)
	}
	for _, want := range []string{"OPENAI_API_KEY=(set)", "QUARRY_DATABASE_URL=postgres://u:xxxxx@h/d", "QUARRY_LISTEN=127.0.0.1:7447", "QUARRY_MODEL=gpt", "QUARRY_EMBED_KEY=(set)"} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
}

func TestShownHidesWhatURLsHold(t *testing.T) {
	for value, want := range map[string]string{
		"https://u:hush@h/v1?api-version=1&key=hush": "https://u:xxxxx@h/v1?api-version=xxxxx&key=xxxxx",
		"https://h/v1":                                     "https://h/v1",
		"host=h password=hush user=u":                      "host=h password=xxxxx user=u",
		`host=h password = 'hu sh\'hush' sslpassword=hush`: "host=h password = xxxxx sslpassword=xxxxx",
		"127.0.0.1:7447":                                   "127.0.0.1:7447",
	} {
		if got := hideSecrets(value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func TestImportRootsFollowTheListener(t *testing.T) {
	cases := map[string][]string{"127.0.0.1:1": {"/"}, "localhost:1": {"/"}, "[::1]:1": {"/"}, "0.0.0.0:1": nil, ":1": nil, "10.0.0.1:1": nil}
	for listen, want := range cases {
		if diff := cmp.Diff(want, (&serving{Listen: listen}).roots()); diff != "" {
			t.Errorf("%s: %s", listen, diff)
		}
	}
}

func TestSourceSettings(t *testing.T) {
	c, _, err := parse(t, map[string]string{
		"QUARRY_S3_ENDPOINT": "http://127.0.0.1:9000", "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s",
		"QUARRY_ALLOW_PRIVATE_ADDRESSES": "true", "QUARRY_DATABASE_URL": "postgres://h/d",
	}, "work")
	if err != nil {
		t.Fatal(err)
	}
	got := c.Work.reading(&c.Work.storage)
	want := ingest.S3{Endpoint: "http://127.0.0.1:9000", Region: "eu-west-1", AccessKey: "k", SecretKey: "s"}
	if diff := cmp.Diff(want, got.S3); diff != "" || !got.AllowPrivate || got.Cache == "" {
		t.Errorf("%+v (-want +got):\n%s", got, diff)
	}
	for _, role := range []string{"up", "work", "config"} {
		if _, _, err := parse(t, map[string]string{"AWS_SECRET_ACCESS_KEY": ""}, role); err == nil {
			t.Errorf("%s takes an access key without its secret", role)
		}
	}
}

func TestOneSourceOfAnImport(t *testing.T) {
	for args, want := range map[string]string{
		"--git https://host/x --revision v1": "",
		"--git /repo":                        "",
		"--web https://host/ --max-pages 10": "",
		"--s3 s3://bucket/x":                 "",
		"/folder":                            "",
		"":                                   "name what to ingest",
		"/folder --git x":                    "name what to ingest",
		"--web https://host/ --s3 s3://b":    "name what to ingest",
		"/folder --revision v1":              "--revision is a git repository's",
		"--git git@host:org/x.git":           "--git ssh://git@host/org/x.git",
		"https://host/x":                     "https://host/x is a URL, not a path",
		"git://host/x.git":                   "is a URL, not a path",
		"/folder --reparse":                  "",
		"/folder --reparse --watch":          "--reparse is for one import",
		"/folder --reparse --upload":         "need a server that reads the files itself",
		"/folder --crawl":                    "are for --web URL",
		"--git /repo --records":              "--records is for files",
		"--s3 s3://b --upload":               "--upload is for files",
		"--git /repo --watch":                "--watch is for files",
		"/folder --watch --every 1ms":        "--every must be",
		"/folder --watch --dry-run":          "is no dry run",
		"/folder --watch --server host:1":    "needs a server that reads the files itself",
	} {
		c, _, err := parse(t, nil, append([]string{"ingest"}, strings.Fields(args)...)...)
		if err != nil {
			t.Errorf("%q: %v", args, err)
			continue
		}
		_, _, err = c.Ingest.request(&c.globals)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
}
