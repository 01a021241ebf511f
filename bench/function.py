"""What the function's code costs: the package, a cold start, and a warm call.

A cold start cannot be faster than creating one client for one service that signs what it sends over HTTPS. There
are three usual ways to do that; the leanest is the floor. All are measured in fresh processes that take turns.

A warm call cannot do with less than fetching the image and posting it, signed, both done here by bare urllib3 with
botocore's signer. What the function's process computes on top of that is its own code.
"""

import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/function.py` works, too

import click
import matplotlib
from rich.progress import track

from bench.report import exit_unless, report
from components.predict_function import deployment_package
from harness.project import PROJECT
from harness.resources import zip_archive

REGION = "eu-central-1"
LABELS = ["1", "2", "3", "4", "5"]
LIMITS = {"zip_bytes": 30_000, "ratio": 1.1, "uncompiled_ratio": 1.1, "warm_cpu_ms": 1.0}
OURS = "this function"
SIGNER = "botocore's signer, urllib3"

# What each does until it has sent a first request and has read the answer. `ready()` notes when the client is there.
COLD = {
    "boto3": """
import boto3
client = boto3.client("sagemaker-runtime", region_name=REGION, endpoint_url=URL)
ready()
client.invoke_endpoint(EndpointName="pets", ContentType="image/jpeg", Body=IMAGE)["Body"].read()
""",
    "botocore": """
import botocore.session
client = botocore.session.Session().create_client("sagemaker-runtime", region_name=REGION, endpoint_url=URL)
ready()
client.invoke_endpoint(EndpointName="pets", ContentType="image/jpeg", Body=IMAGE)["Body"].read()
""",
    SIGNER: """
import json, os, ssl
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
class Credentials:
    access_key, secret_key = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    token = os.environ["AWS_SESSION_TOKEN"]
signer, pool = SigV4Auth(Credentials, "sagemaker", REGION), urllib3.connection_from_url(URL)
request = AWSRequest("POST", URL + "/endpoints/pets/invocations", {"Content-Type": "image/jpeg"}, data=IMAGE)
signer.add_auth(request)
ready()
json.loads(pool.urlopen("POST", "/endpoints/pets/invocations", body=IMAGE, headers=dict(request.headers.items())).data)
""",
    OURS: """
import os
from handlers.predict import app, signature
from handlers.predict.credentials import role_credentials
signature.sign(app.ENDPOINT.url, {}, IMAGE, role_credentials(os.environ)(), "sagemaker", REGION)
ready()
import base64
event = {"headers": {"Content-Type": "image/jpeg"}, "body": base64.b64encode(IMAGE).decode(), "isBase64Encoded": True}
class Context:
    aws_request_id = "request-id"
    def get_remaining_time_in_millis(self): return 29_000
assert app.handler(event, Context())["statusCode"] == 200
""",
}

# Around each of them. Only what happens after the interpreter's own start counts.
STOPWATCH = """
import sys, time
REGION, URL, IMAGE = sys.argv[1], sys.argv[2], open(sys.argv[3], "rb").read()
laps = []
def ready(): laps.append((time.perf_counter(), time.process_time()))
ready()
{code}
ready()
print(*(f"{{(wall - laps[0][0]) * 1e3}} {{(cpu - laps[0][1]) * 1e3}}" for wall, cpu in laps[1:]))
"""

# The two take turns in one process, in batches, because one call is too short for the processor's clock. The floor
# opens a connection for each image, as somebody must who asks another host each time.
WARM = """
import json, os, statistics, sys, time
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from handlers.predict.app import handler
url, rounds, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
event = {"headers": {"Content-Type": "application/json"}, "body": json.dumps({"url": url + "/1.jpg"})}
class Context:
    aws_request_id = "request-id"
    def get_remaining_time_in_millis(self): return 29_000
path, pool = "/endpoints/pets/invocations", urllib3.connection_from_url(url)
signer = SigV4Auth(Credentials("id", "secret", "token"), "sagemaker", "eu-central-1")
def ours():
    assert handler(event, Context())["statusCode"] == 200
def floor():
    with urllib3.connection_from_url(url) as images:
        image = images.urlopen("GET", "/1.jpg").data
    request = AWSRequest("POST", url + path, {"Content-Type": "image/jpeg"}, data=image)
    signer.add_auth(request)
    pool.urlopen("POST", path, body=image, headers=dict(request.headers.items())).data
def cpu_ms(call):
    started = time.process_time()
    for _ in range(batch): call()
    return (time.process_time() - started) * 1e3 / batch
cpu_ms(ours), cpu_ms(floor)
pairs = [(cpu_ms(ours), cpu_ms(floor)) for _ in range(rounds)]
print(*(statistics.median(values) for values in zip(*pairs)), statistics.median(a - b for a, b in pairs))
"""


@contextmanager
def peer(folder: Path, certificate: Path | None = None) -> Iterator[str]:
    """The other side, as a URL."""
    port_file = folder / f"port-{certificate is not None}"
    command = [
        sys.executable,
        "-m",
        "bench.function_peer",
        str(port_file),
        *([str(certificate)] if certificate else []),
    ]
    process = subprocess.Popen(command, cwd=PROJECT)
    try:
        while not (port_file.exists() and port_file.read_text()):
            time.sleep(0.01)
        yield f"http{'s' if certificate else ''}://localhost:{port_file.read_text()}"
    finally:
        process.terminate()
        process.wait()


def certificate_for_localhost(folder: Path) -> Path:
    """A key and a certificate in one file."""
    file = folder / "localhost.pem"
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(file), "-out", str(file)]
    # It is whatever openssl the machine has.
    subprocess.run(["openssl", "req", *options, *names], check=True, capture_output=True)  # noqa: S607  # nosec B607
    return file


def environment(code: Path, url: str, authorities: Path | None = None) -> dict[str, str]:
    """The variables that Lambda and the stack give the function."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(code),
        "AWS_REGION": REGION,
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"), "test"),
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": url,
        "ENDPOINT_NAME": "pets",
        "MODEL_NAME": "pets",
        "ANSWER_TEMPLATE": "It is a {label}.",
        "TRUSTED_IMAGE_ORIGINS": url,
        **({"SSL_CERT_FILE": str(authorities), "AWS_CA_BUNDLE": str(authorities)} if authorities else {}),
    }


def run(code: str, *arguments: str, variables: dict[str, str], options: tuple[str, ...] = ()) -> tuple[str, str]:
    """Standard output and error of a fresh interpreter."""
    command = [sys.executable, *options, "-c", code, *arguments]
    done = subprocess.run(command, env=variables, cwd=variables["PYTHONPATH"], capture_output=True, text=True)
    if done.returncode != 0:
        raise click.ClickException(done.stderr)
    return done.stdout, done.stderr


Times = dict[str, list[tuple[float, ...]]]


def cold_starts(runs: int, url: str, variables: dict[str, str], code: Path) -> tuple[Times, Times]:
    """Milliseconds of each contender, wall and CPU, until its client is there and until it has its first answer.

    Second, the function as Lambda finds it: its folder is read-only, so it is compiled at each cold start. Libraries
    are compiled in both.
    """
    compiled: Times = defaultdict(list)
    uncompiled: Times = defaultdict(list)
    image = str(PROJECT / "site/samples/1.jpg")
    for number in track(range(runs + 1), "starting cold"):
        for name, contender in COLD.items():
            for times, options in ((compiled, ()), (uncompiled, ("-B",))):
                if times is uncompiled and name not in (OURS, SIGNER):
                    continue
                if times is uncompiled:
                    for file in code.rglob("*.pyc"):
                        file.unlink()
                elif name == OURS:
                    run("import handlers.predict.app", variables=variables)  # which compiles it
                text, _ = run(
                    STOPWATCH.format(code=contender), REGION, url, image, variables=variables, options=options
                )
                if number > 0:  # the first fills the caches of the machine
                    times[name].append(tuple(map(float, text.split())))
    return compiled, uncompiled


def import_breakdown(runs: int, variables: dict[str, str]) -> dict[str, float]:
    """Milliseconds in which each package's modules are imported, by ``-X importtime``, without what they import."""
    by_package: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        _, lines = run("import handlers.predict.app", variables=variables, options=("-X", "importtime"))
        spent: dict[str, float] = defaultdict(float)
        started = False
        for line in lines.splitlines():
            own, _, module = (part.strip() for part in line.removeprefix("import time:").split("|"))
            if started:
                top = module.partition(".")[0]
                package = top if top in ("handlers", "urllib3", "botocore") else "standard library"
                spent[package] += float(own) / 1000
            started = started or module == "site"  # what comes before is the interpreter's
        for package, milliseconds in spent.items():
            by_package[package].append(milliseconds)
    return {package: statistics.median(values) for package, values in sorted(by_package.items())}


def median(times: list[tuple[float, ...]], column: int) -> float:
    """The median of one column."""
    return statistics.median(row[column] for row in times)


def draw(figures: dict[str, float], picture: Path) -> None:
    """Who is there when: the client, and the first answer."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [*COLD]
    figure, panel = pyplot.subplots(figsize=(8, 3), layout="constrained")
    client = [figures[f"{key(name)}_client_cpu_ms"] for name in names]
    answer = [figures[f"{key(name)}_answer_cpu_ms"] for name in names]
    panel.barh(names, client, label="import, create the client, sign")
    panel.barh(names, [b - a for a, b in zip(client, answer, strict=True)], left=client, label="TLS and a first answer")
    panel.axvline(figures["floor_cpu_ms"] * LIMITS["ratio"], color="black", linestyle=":", label="limit: 1.1 floors")
    panel.invert_yaxis()
    panel.set(xlabel="CPU, ms (median)", title="Cold start of the function's code")
    panel.legend(fontsize="small")
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)


def key(name: str) -> str:
    """A contender's name in JSON."""
    return {OURS: "function", SIGNER: "signer"}.get(name, name)


@click.command()
@click.option("--runs", type=click.IntRange(min=3), default=15, show_default=True, help="Fresh processes for each.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/function.json")
@click.option("--picture", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/function.png")
def main(runs: int, json_file: Path, picture: Path) -> None:
    """Size, cold start and warm call of the function's code, against what cannot be avoided."""
    package = zip_archive(deployment_package(LABELS))
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        code = folder / "code"
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            archive.extractall(code)
        certificate = certificate_for_localhost(folder)
        with peer(folder, certificate) as url:
            variables = environment(code, url, authorities=certificate)
            compiled, uncompiled = cold_starts(runs, url, variables, code)
            imported = import_breakdown(5, variables)
        with peer(folder) as url:
            text, _ = run(WARM, url, "30", "30", variables=environment(code, url))
    warm, warm_floor, warm_own = map(float, text.split())
    figures: dict[str, float] = {"zip_bytes": len(package)}
    for name, times in compiled.items():
        for what, column in {"client_wall": 0, "client_cpu": 1, "answer_wall": 2, "answer_cpu": 3}.items():
            figures[f"{key(name)}_{what}_ms"] = median(times, column)
    figures["uncompiled_client_cpu_ms"] = median(uncompiled[OURS], 1)
    floors = {name: figures[f"{key(name)}_client_cpu_ms"] for name in COLD if name != OURS}
    leanest = min(floors, key=lambda name: floors[name])
    figures["floor_cpu_ms"] = floors[leanest]
    figures["ratio"] = figures["function_client_cpu_ms"] / floors[leanest]
    figures["uncompiled_ratio"] = figures["uncompiled_client_cpu_ms"] / floors[leanest]
    figures["answer_ratio"] = figures["function_answer_cpu_ms"] / figures[f"{key(leanest)}_answer_cpu_ms"]
    figures |= {f"import_{package.replace(' ', '_')}_ms": spent for package, spent in imported.items()}
    figures |= {"warm_call_cpu_ms": warm, "warm_floor_cpu_ms": warm_floor, "warm_cpu_ms": warm_own}
    report(
        f"The function's code, medians of {runs}",
        {"package": f"{len(package):,} bytes"}
        | {
            f"{name}: client, then first answer": f"{figures[f'{key(name)}_client_wall_ms']:.0f} ms "
            f"(CPU {figures[f'{key(name)}_client_cpu_ms']:.0f}), {figures[f'{key(name)}_answer_wall_ms']:.0f} ms "
            f"(CPU {figures[f'{key(name)}_answer_cpu_ms']:.0f})"
            for name in COLD
        }
        | {f"{OURS}, compiled at each start: client": f"CPU {figures['uncompiled_client_cpu_ms']:.0f} ms"}
        | {f"of its import: {package}": f"{spent:.1f} ms" for package, spent in imported.items()}
        | {
            f"ratio to the leanest ({leanest})": f"{figures['ratio']:.2f}",
            "the same, compiled at each start": f"{figures['uncompiled_ratio']:.2f}",
            "the same, until the first answer": f"{figures['answer_ratio']:.2f}",
            "warm call, CPU": f"{warm:.2f} ms",
            "bare fetch and signed post, CPU": f"{warm_floor:.2f} ms",
            "our own code in a warm call, CPU": f"{warm_own:.2f} ms",
        },
        figures,
        json_file,
    )
    draw(figures, picture)
    exit_unless(figures, at_most=LIMITS)


if __name__ == "__main__":
    main()
