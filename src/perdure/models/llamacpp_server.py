"""The managed model: llama.cpp's own server inside this process, by way of `xllamacpp`.

It belongs into a process of its own: loading holds the interpreter's lock from beginning to end, a bad file may abort
the process, and a takeover test kills it.
"""

from __future__ import annotations

import hashlib
import platform
import socket
from collections.abc import Callable
from pathlib import Path

import aiohttp
import xllamacpp  # type: ignore[import-untyped]

from perdure.core.errors import ModelBroken, ModelMissing
from perdure.models import gguf as gguf_file

HEALTHY_S = 1.0
ERRORS_ONLY = 1
"""llama.cpp's verbosity: 0 output, 1 errors, 2 warnings, 3 information."""
BATCH_TOKENS = 256
"""Of a prompt that is being read, so many tokens at a time: in between the other replies get their next token."""
SPARE_BYTES = 300 * 1024 * 1024
"""What the smallest context and the process itself take beside the weights."""
SPARE_HTTP_THREADS = 64
"""llama.cpp spends a thread on each open connection, also on those that wait for a slot. Its health has to be answered
even then, or the supervisor would take a busy model for a hung one."""

ONE_PATH = xllamacpp.ggml_type.GGML_TYPE_BF16
"""The type of the attention's cache on a CPU. With the usual F16, llama.cpp b11549 has three kernels for attention:
one for a batch of 64 tokens and more, one for a single token behind 512 or more, and one for the rest; they round
differently, so a reply that is continued from its text would drift away from what it would have been (log-probabilities
by up to 0.14 with the starter model). For BF16 there is one kernel, so every token comes out the same, bit for bit,
whether it was computed alone, with its prompt, or beside another reply. As large as F16, and as fast for each new
token; reading costs more (a quarter more for a prompt of 800 tokens, nearly twice as much for 3,000). F32 has F16's
three kernels, and without flash attention BF16 drifts as well."""


class ModelServer:
    """A running llama.cpp server. It runs in threads of its own and ends with `close` or with the process."""

    def __init__(self, server: xllamacpp.Server) -> None:
        self._server: xllamacpp.Server | None = server
        self.url: str = server.listening_address

    def close(self) -> None:
        self._server = None


def serve_model(
    gguf: Path,
    host: str,
    port: int,
    context_size: int,
    slots: int,
    threads: int,
    beat: Callable[[], None] = lambda: None,
    api_key: str | None = None,
    *,
    batch_threads: int | None = None,
    prompts: Path | None = None,
) -> ModelServer:
    """Load the model and serve it; returns once it answers.

    `context_size` is in tokens for each of `slots` replies at once; `batch_threads` read prompts where not as many as
    `threads` are to; what was read can be saved into the folder `prompts`. `beat` is called right before and right
    after the loading; in between, which takes from a second to minutes, no Python code of this process runs, so whoever
    watches has to be patient from the first call. With an `api_key` only callers that have it are answered (except
    `/health`).

    Raises ModelMissing where the file or the memory does not do, ModelBroken where the port is taken.
    """
    size = gguf_file.check(gguf)
    on_gpu = _has_gpu()
    free = None if on_gpu else _free_memory_bytes()
    if free is not None and size + SPARE_BYTES > free:
        raise ModelMissing(
            f"The model {gguf.name} needs about {_gb(size + SPARE_BYTES)} of memory, and {_gb(free)} are free. "
            "Take a smaller model or a smaller quantization, or end other programs.",
        )
    params = _params(gguf, host, port, context_size, slots, threads)
    params.cpuparams_batch.n_threads = batch_threads or threads
    params.n_gpu_layers = -1 if on_gpu else 0
    if not on_gpu:
        params.cache_type_k = params.cache_type_v = ONE_PATH
        # Whoever waits behind a killed model waits for its loading. Fitting would read it once more, to see what a GPU
        # can hold of it; the trial run makes the first answer no faster here.
        params.fit_params = params.warmup = False
    params.slot_save_path = f"{prompts}/" if prompts else ""
    params.api_keys = [api_key] if api_key else []
    if free is not None:
        params.cache_ram_mib = min(params.cache_ram_mib, (free - size) // 8 // 1024**2)
    beat()
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:
        if _is_taken(host, port):
            raise ModelBroken(f"The model's server cannot listen on port {port}: it is taken.") from None
        raise ModelMissing(
            f"llama.cpp cannot load {gguf.name} with a context of {context_size} tokens for {slots} replies at once. "
            "Either the file is damaged (download it again), its kind of model is too new for this llama.cpp, or the "
            "memory does not suffice (use a smaller context_size). What llama.cpp said is in the log.",
        ) from None
    beat()
    return ModelServer(server)


def identity(gguf: Path, context_size: int) -> str:
    """A name for all that decides what a saved prompt means: one that was saved under another is not to be restored.

    Raises OSError where the file is not there.
    """
    stat = gguf.stat()
    kind = "gpu" if _has_gpu() else f"cpu-{ONE_PATH}"
    parts = (gguf.name, stat.st_size, stat.st_mtime_ns, context_size, kind, xllamacpp.__version__, platform.machine())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


async def healthy(url: str) -> bool:
    """Whether the server at `url` says within a second that it can be asked. Never raises."""
    timeout = aiohttp.ClientTimeout(total=HEALTHY_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{url.rstrip('/')}/health", allow_redirects=False) as response,
        ):
            return response.status == 200
    except (TimeoutError, aiohttp.ClientError, OSError):
        return False


def _params(
    gguf: Path,
    host: str,
    port: int,
    context_size: int,
    slots: int,
    threads: int,
) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.model_alias = {gguf.stem}  # otherwise /v1/models would tell the path
    params.hostnames = [host]
    params.port = port
    params.reuse_port = True  # the port may be kept for this process by a socket of its supervisor that never listens
    params.n_ctx = context_size * slots  # llama.cpp counts over all slots
    params.n_parallel = slots
    params.n_batch = BATCH_TOKENS
    params.cpuparams.n_threads = threads
    params.n_threads_http = slots + SPARE_HTTP_THREADS
    params.verbosity = ERRORS_ONLY
    params.ui = False
    params.endpoint_slots = True  # who wants to save a slot has to know that one is free; what it holds is not told
    # By default any web page that the operator visits might ask this server; no page has a reason to.
    params.cors_origins = f"http://{host}:{port}"
    params.cors_origins_explicit = True
    params.cors_credentials = False
    return params


def _has_gpu() -> bool:
    kinds = xllamacpp.ggml_backend_dev_type
    gpus = (kinds.GGML_BACKEND_DEVICE_TYPE_GPU, kinds.GGML_BACKEND_DEVICE_TYPE_IGPU)
    return any(device["type"] in gpus for device in xllamacpp.get_device_info())


def _free_memory_bytes() -> int | None:
    """Memory that can be had, by the kernel and by the container's limit; None where neither says."""
    known: list[int] = []
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                known.append(int(line.split()[1]) * 1024)
    except OSError:
        pass
    try:
        cgroup = Path("/sys/fs/cgroup")
        limit = int((cgroup / "memory.max").read_text())
        known.append(limit - int((cgroup / "memory.current").read_text()))
    except (OSError, ValueError):  # no limit ("max"), or another version of cgroups
        pass
    return min(known, default=None)


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        # As llama.cpp binds: a socket of the supervisor that keeps the port for this process is in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
