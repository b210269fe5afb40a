// Package llama checks the model clients against a real llama.cpp server with a
// small real model. `make test-llama` runs it; it downloads 270 MB the first
// time. The model is a base model: what it says means nothing here.
package llama
