"""No server: a Python that imports what is needed, loads the model, and answers once or as often as it can.

Prints what it measured as JSON. `python -m bench.peers.bare start IMAGE` or `... loop IMAGE SECONDS`.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path


def start(image: bytes) -> dict[str, object]:
    """Answer once, and say when, what, and how much memory that took."""
    from bench.peers.eager import Classifier

    classifier = Classifier(threads=1)  # by a name, so that it is still there when its memory is measured
    (logits,) = classifier(image)
    answered_at = time.time()
    from bench.peers.memory import memory_mb  # which no answer needs

    return {"answered_at": answered_at, "logits": logits, "rss_mb": memory_mb(os.getpid())}


def loop(image: bytes, seconds: float) -> dict[str, float]:
    """Answer as often as all cores can, one image for each at a time; with the very code and graph that is served."""
    directory = Path(os.environ["MODEL_DIR"])
    sys.path.insert(0, str(directory / "code"))
    import inference
    import torch
    from image import to_tensor

    torch.set_num_threads(1)
    model = inference.model_fn(str(directory))
    tensor = to_tensor(image, model.manifest)
    forward = _per_second(lambda: model.network(tensor), seconds)
    return {"forward": forward, "decode_and_forward": _per_second(lambda: inference.predict_fn(image, model), seconds)}


def _per_second(call: Callable[[], object], seconds: float) -> float:
    import torch

    counts = [0] * (os.cpu_count() or 1)
    end = time.perf_counter() + seconds

    def work(worker: int) -> None:
        with torch.inference_mode():
            while time.perf_counter() < end:
                call()
                counts[worker] += 1

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(len(counts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


if __name__ == "__main__":
    measure, image_file, *arguments = sys.argv[1:]
    content = Path(image_file).read_bytes()
    print(json.dumps(start(content) if measure == "start" else loop(content, float(arguments[0]))))
