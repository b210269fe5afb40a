package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/quarry-rag/quarry/ingest"
)

// sources says what a role that works may reach, and with what.
type sources struct {
	AllowPrivateAddresses bool `help:"Let imports by URL connect to private, loopback and reserved addresses."`

	S3Endpoint     string `name:"s3-endpoint" env:"QUARRY_S3_ENDPOINT" placeholder:"URL" help:"S3-compatible server of imported buckets, as in http://127.0.0.1:9000. Default: Amazon's."`
	S3Region       string `name:"s3-region" env:"AWS_REGION" help:"Region of imported buckets."`
	S3AccessKey    string `name:"s3-access-key" env:"AWS_ACCESS_KEY_ID" secret:"" hidden:""`
	S3SecretKey    string `name:"s3-secret-key" env:"AWS_SECRET_ACCESS_KEY" secret:"" hidden:""`
	S3SessionToken string `name:"s3-session-token" env:"AWS_SESSION_TOKEN" secret:"" hidden:""`
}

// Validate of each role covers both: kong calls one method of a command.
func (c *upCmd) Validate() error { return errors.Join(c.server.Validate(), c.sources.check()) }

func (c *workCmd) Validate() error {
	return errors.Join(c.storage.Validate(), c.sources.check(), c.chatting.check())
}

func (c *configCmd) Validate() error { return errors.Join(c.server.Validate(), c.sources.check()) }

func (s *sources) check() error {
	if err := s.s3().Validate(); err != nil {
		return fmt.Errorf("--s3-endpoint (QUARRY_S3_ENDPOINT), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", err)
	}
	return nil
}

func (s *sources) s3() ingest.S3 {
	return ingest.S3{
		Endpoint: s.S3Endpoint, Region: s.S3Region,
		AccessKey: s.S3AccessKey, SecretKey: s.S3SecretKey, SessionToken: s.S3SessionToken,
	}
}

// reading is how the worker reads what is not on its disk.
func (s *sources) reading(at *storage) ingest.Sources {
	return ingest.Sources{AllowPrivate: s.AllowPrivateAddresses, Cache: filepath.Join(at.home(), "cache"), S3: s.s3()}
}
