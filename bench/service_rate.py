"""How many predictions per second this machine makes: what is measured, and everything about scaling derived from."""

import json
import os
import platform
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click

from harness.project import PROJECT
from model_server.container.hooks import load_hooks
from model_server.sagemaker.archive import unpack

# bench.serving's figures from a CPU of Intel's, as stack prod's instances have. An AMD EPYC gave half as much again,
# and who expects too much of an instance adds the next one too late.
SERVING = PROJECT / "docs/benchmarks/serving-intel.json"
# The rows of that file which are nearest to what stack prod deploys: AWS's container, whose server is TorchServe, with
# the float sample model. (There it serves this project's graph, here plain layers: rather too few than too many.)
SERVER, MODEL, ARTIFACT, CLIENTS = "TorchServe", "sample", "float32", 8

ROUNDS, PREDICTIONS, WARM_UP = 5, 400, 50


@dataclass(frozen=True)
class ServiceRate:
    """rate: predictions per second with every core at work. seconds: one prediction, and nothing else at work."""

    source: str
    machine: str
    rate: float
    seconds: float


def measure(serving: Path = SERVING) -> ServiceRate:
    """From the benchmark of serving, if that has been run; otherwise from a loop over decoding and forward pass."""
    return _from(serving) if serving.exists() else _bare_loop()


def _from(serving: Path) -> ServiceRate:
    figures: dict[str, Any] = json.loads(serving.read_text())
    wanted = (SERVER, MODEL, ARTIFACT)
    rows = {row["clients"]: row for row in figures["rows"] if (row["server"], row["model"], row["artifact"]) == wanted}
    if not {1, CLIENTS} <= rows.keys():
        raise click.ClickException(f"{serving} has no rows {wanted} for 1 and {CLIENTS} clients")
    machine = str(figures.get("machine", _machine()))
    return ServiceRate(f"docs/benchmarks/{serving.name}", machine, rows[CLIENTS]["rps"], rows[1]["p50_ms"] / 1000)


def _bare_loop() -> ServiceRate:
    """One thread for a prediction, and a prediction for each core, as the container does it; no HTTP."""
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported
    image = (PROJECT / "site/samples/3.jpg").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "model"
        unpack(PROJECT / "build/model.tar.gz", directory)
        hooks = load_hooks(directory)
        model = hooks.model_fn(str(directory))

        def predict(_: int) -> float:
            started_at = time.perf_counter()
            hooks.output_fn(hooks.predict_fn(hooks.input_fn(image, "image/jpeg"), model), "application/json")
            return time.perf_counter() - started_at

        def rate(places: int) -> float:
            started_at = time.perf_counter()
            with ThreadPoolExecutor(places) as pool:
                list(pool.map(predict, range(PREDICTIONS)))
            return PREDICTIONS / (time.perf_counter() - started_at)

        seconds = median([predict(number) for number in range(WARM_UP + PREDICTIONS)][WARM_UP:])
        # The best round is the one that least was in the way of.
        best = max(rate(os.cpu_count() or 1) for _ in range(ROUNDS))
    return ServiceRate("a loop over decoding and forward pass, without HTTP", _machine(), best, seconds)


def _machine() -> str:
    """The processor, in words."""
    described = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    about = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in described)}
    extensions = [each for each in ("avx2", "avx512f", "avx512_vnni") if each in about.get("flags", "").split()]
    return f"{os.cpu_count()} CPUs, {about.get('model name', platform.processor())} ({', '.join(extensions)})"
