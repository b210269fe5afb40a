package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 says where buckets are and who asks for them.
type S3 struct {
	// Endpoint is the server, http or https. Empty: Amazon's.
	Endpoint string
	// Region of the buckets. Empty: found out, or us-east-1.
	Region string
	// AccessKey and SecretKey, and SessionToken where there is one. Empty:
	// buckets are asked for anonymously.
	AccessKey, SecretKey, SessionToken string
}

// objectFor bounds the reading of one object.
const objectFor = 5 * time.Minute

// Validate says what is wrong with the settings.
func (s S3) Validate() error {
	if _, err := s.endpoint(); err != nil {
		return err
	}
	if (s.AccessKey == "") != (s.SecretKey == "") {
		return errors.New("access key and secret key must be given together")
	}
	return nil
}

func (s S3) endpoint() (*url.URL, error) {
	if s.Endpoint == "" {
		return &url.URL{Scheme: "https", Host: "s3.amazonaws.com"}, nil
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, errors.New("the endpoint must be like https://host:port")
	}
	return u, nil
}

func (s S3) client() (*minio.Core, error) {
	u, err := s.endpoint()
	if err != nil {
		return nil, err
	}
	return minio.NewCore(u.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(s.AccessKey, s.SecretKey, s.SessionToken),
		Secure: u.Scheme == "https", Region: s.Region, MaxRetries: 3,
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 256 << 10, DisableCompression: true,
		},
	})
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// bucketOf divides s3://bucket/folder.
func bucketOf(raw string) (bucket, folder string, err error) {
	rest, ok := strings.CutPrefix(raw, "s3://")
	bucket, folder, _ = strings.Cut(rest, "/")
	if !ok || !bucketName.MatchString(bucket) || net.ParseIP(bucket) != nil {
		return "", "", &Invalid{"bucket", "is not like s3://bucket/folder"}
	}
	return bucket, strings.TrimRight(folder, "/"), checkText("bucket", folder, 1024)
}

// bucket is what an S3 bucket holds in a folder: the objects whose keys begin
// with it and a slash, or the one of that key. Buckets list in byte order of
// keys, so it is an ordered source.
type bucket struct {
	s3             *minio.Core
	bucket, folder string
}

func openBucket(raw string, s S3) (*bucket, error) {
	name, folder, err := bucketOf(raw)
	if err != nil {
		return nil, err
	}
	c, err := s.client()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", raw, err)
	}
	return &bucket{c, name, folder}, nil
}

func (b *bucket) close() {}

func (b *bucket) name() string {
	if b.folder == "" {
		return "s3://" + b.bucket
	}
	return "s3://" + b.bucket + "/" + b.folder
}

func (b *bucket) within() (root, below string) { return b.name(), b.name() + "/" }

func (b *bucket) list(ctx context.Context) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		last := ""
		for o, err := range b.objects(ctx) {
			if err == nil && o.Key <= last {
				// Documents would be taken for gone.
				err = fmt.Errorf("keys are not listed in order: %.200q after %.200q", o.Key, last)
			}
			if err != nil {
				yield(item{}, fmt.Errorf("%s: %w", b.name(), err))
				return
			}
			last = o.Key
			if strings.HasSuffix(o.Key, "/") && o.Size == 0 || hidden(o.Key) {
				continue
			}
			if !yield(b.item(o), nil) {
				return
			}
		}
		if last == "" && b.folder != "" { // as for a folder on disk that is not there
			yield(item{}, fmt.Errorf("%s: nothing is there", b.name()))
		}
	}
}

// objects yields the object of the folder's own name, if there is one, and those
// in it.
func (b *bucket) objects(ctx context.Context) iter.Seq2[minio.ObjectInfo, error] {
	return func(yield func(minio.ObjectInfo, error) bool) {
		prefix := ""
		if b.folder != "" {
			prefix = b.folder + "/"
			for o := range b.s3.ListObjectsIter(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.folder, Recursive: true, MaxKeys: 1}) {
				if o.Err != nil || o.Key == b.folder {
					if !yield(o, said(o.Err)) || o.Err != nil {
						return
					}
				}
				break // the key itself comes before all that it begins
			}
		}
		for o := range b.s3.ListObjectsIter(ctx, b.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if !yield(o, said(o.Err)) || o.Err != nil {
				return
			}
		}
	}
}

func (b *bucket) item(o minio.ObjectInfo) item {
	it := item{uri: "s3://" + b.bucket + "/" + o.Key, state: state{size: o.Size, version: o.ETag}}
	it.label = it.uri
	switch {
	case !utf8.ValidString(o.Key) || strings.ContainsRune(o.Key, 0):
		it.uri, it.label, it.reason = "", strings.ToValidUTF8(it.label, "\uFFFD"), notUTF8
	case len(it.uri) > maxURIBytes:
		it.uri, it.reason = "", fmt.Sprintf("path is longer than %d bytes", maxURIBytes)
	default:
		it.read = func(ctx context.Context, _ state) (content, error) { return b.read(ctx, o.Key) }
	}
	return it
}

// read reads an object. Its version is the one that came with the bytes, which
// may be newer than the one listed.
func (b *bucket) read(ctx context.Context, key string) (content, error) {
	limited, cancel := context.WithTimeout(ctx, objectFor)
	defer cancel()
	in, info, _, err := b.s3.GetObject(limited, b.bucket, key, minio.GetObjectOptions{})
	var body []byte
	var reason string
	if err == nil {
		defer in.Close()
		body, reason, err = read(in, key, info.Size)
	}
	switch {
	case ctx.Err() != nil:
		return content{}, ctx.Err()
	case minio.ToErrorResponse(err).Code == "NoSuchKey":
		reason = "vanished while the bucket was listed"
	case err != nil:
		code := minio.ToErrorResponse(err).StatusCode
		refused := code >= 400 && code < 500 && code != http.StatusTooManyRequests
		return content{reason: "cannot be read: " + clip(said(err).Error(), 200), incomplete: !refused}, nil
	case reason == "" && int64(len(body)) != info.Size:
		return content{reason: "cannot be read to its end", incomplete: true}, nil
	}
	return content{body: body, reason: reason, state: state{size: info.Size, version: info.ETag}}, nil
}

// said is what the server said, with its code, which people can look up.
func said(err error) error {
	if r := minio.ToErrorResponse(err); r.Code != "" {
		return fmt.Errorf("%s (%s)", strings.TrimSuffix(r.Error(), "."), r.Code)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
