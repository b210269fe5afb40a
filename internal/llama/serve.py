"""Serves a GGUF model by llama.cpp's own HTTP server until standard input ends.

serve.py FOLDER-OF-PACKAGES MODEL [rerank] prints the server's address on a line.
With rerank it scores texts instead of writing any, of 256 tokens at most.
"""

import sys

sys.path.insert(0, sys.argv[1])
import xllamacpp  # noqa: E402

params = xllamacpp.CommonParams()
params.model.path = sys.argv[2]
params.port = 0
params.n_ctx = 2048
params.n_parallel = 4
params.kv_unified = False  # 512 tokens for each
params.cpuparams.n_threads = 2
params.endpoint_slots = True
if sys.argv[3:] == ["rerank"]:
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
    params.n_ctx = 512
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
