package main

// Texts that `quarry COMMAND --help` shows under the command's first line: what
// its flags do not say by themselves.

// Help implements kong.HelpProvider.
func (c *upCmd) Help() string {
	return `A first run sets up the runtime under --home and takes the network for it; later ones start in a second or so. Without --model, a key in OPENAI_API_KEY or ANTHROPIC_API_KEY, or an Ollama or llama.cpp server on this machine, is found and used, and a line says so.

--models names a YAML file. A route asks its models in order until one has begun to answer; with cascade it goes on when an answer lacks citations or support:

  models:
    - {name: cheap, provider: openai, model: gpt-6-luna, key: "env:OPENAI_API_KEY", effort: low,
       capabilities: [json_schema], price: {input: 0.10, cached: 0.01, output: 0.50, date: "2026-11-24"}}
    - {name: own, provider: openai, model: qwen3, base_url: "http://10.0.0.7:8000/v1", requests_per_minute: 600}
  routes:
    - {name: careful, models: [cheap, own, extractive], hedge_after: 3s}
    - {name: bounded, models: [cheap, extractive], support: cheap, budget: {per_day: 20, per_account_day: 1}}

Prices are US dollars a million tokens. A budget counts what all servers on the database have spent today, and passes over models that are too dear for what is left. per_account_day is for each account that callers name (quarry ask --account): their word, since nothing authenticates them.

support names a model that judges, once an answer is whole, whether the passages that each sentence cites bear it out: one call more for an answer. At the top of the file it is for all. What it thinks is shown beside what the rules say.`
}

// Help implements kong.HelpProvider.
func (c *ingestCmd) Help() string {
	return `Give files and folders, or one of --git, --web and --s3. Content that has not changed is not read again where its source can tell: by times and sizes of files, git's blobs, ETags.

  quarry ingest --sync DIR                                  what is gone from DIR is removed; what has moved keeps its id
  quarry ingest --watch DIR                                 stays, and brings in what changes
  quarry ingest --git https://host/repo.git --revision v2
  quarry ingest --web https://docs.example.com/guide/       that folder and below
  quarry ingest --s3 s3://bucket/folder

--sync and --dry-run work with each. A source that could not be read whole removes nothing, and removing more than half of ten or more documents needs --allow-mass-removal.

--principal says who may read an import's documents, --metadata KEY=VALUE what to know of them. A folder says so for itself and all below in a file .quarry.yaml, as in

  principals: [hr]
  metadata: {team: people}

One nearer goes over one further up, and the command line over both. A folder whose file cannot be understood is left out. Git, sites and buckets take the flags only.

Git is read with the git command (2.36 or newer): the regular files of one commit. Private repositories take ~/.netrc or the ssh keys of whoever runs the worker.

Web sites are asked as their robots.txt says, and at most four times a second. A crawl fetches each page whole every time, since it needs the links. No page is rendered: what JavaScript writes is not there. Addresses that are not public need --allow-private-addresses where the worker runs.

Buckets take their endpoint and keys from where the worker runs: QUARRY_S3_ENDPOINT, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.`
}

// Help implements kong.HelpProvider.
func (c *promptCmd) Help() string {
	return `A prompt is a file: YAML that declares variables and examples, and two templates (Go's text/template, with text, values and conditions). It places the passages and the question; Quarry fences them. Versions never change. A collection uses one, or two during a trial.

  quarry prompt pull grounded-qa -o mine.prompt     the built-in one, to begin from; give it a name of its own
  quarry prompt push mine.prompt                    checks it and stores its next version
  quarry prompt try mine --against grounded-qa --golden questions.jsonl --min answered=0.9
  quarry prompt activate mine --percent 10          a trial; without --percent for all questions
  quarry prompt rollback                            back to what answered before
  quarry ask --var language=German "…"              variables that a prompt declares`
}

// Help implements kong.HelpProvider.
func (c *evalCmd) Help() string {
	return `Measures are trec_eval's. A golden file is a JSON object a line:

  {"question": "…", "document": "go_spec.html", "section": "Select statements"}
  {"question": "…", "quote": "…"}
  {"question": "…", "absent": true}

document is a URI or its last element, section a heading above the passage, quote what it must hold; absent says that the documents have no answer.

  quarry eval DIR --load --legs lexical,dense,hybrid     loads a set in BEIR form and ranks its questions
  quarry eval DIR --set expand=none,neighbours,section   compares settings
  quarry eval DIR --answers --sample 500                 are the gold answers in what ask says
  quarry eval DIR --verdict --beside OTHER               is "not in the documents" told right
  quarry eval DIR --verdict --calibrate --store          min_score, from its own questions with their articles left out
  quarry eval DIR --tune --store                         the collection's weight of vectors`
}
