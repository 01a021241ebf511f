"""What ``POST /predict`` costs on top of what it cannot avoid.

It cannot avoid an HTTP API with a Lambda function behind it, fetching the image, and asking the endpoint. Each
of the three is measured alone; the calls take turns, so that all see the same machine.

The same requests are split into where they spend their time (bench/parts.py).
"""

import io
import json
import statistics
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import click
import matplotlib
import urllib3
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/chain.py` works, too

from bench import bare_calls
from bench.parts import EMULATED, OURS, PARTS, UNAVOIDABLE, split
from bench.report import exit_unless, report
from bench.stack import BenchmarkStack, benchmark_stack
from harness import loopback
from harness.clients import Clients
from harness.project import PROJECT

NOOP = """
import sys

def handler(event, context):
    print('{"status": 200}', file=sys.stderr)
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "ok"}
"""
WARM_UP = 20
# What the code that also runs on AWS may add to fetching, decoding and the forward pass.
LIMITS = {"own_share": 0.15}


def add_noop_route(outputs: dict[str, str], clients: Clients) -> str:
    """A function that logs one line, behind the same HTTP API; returns its URL."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("noop.py", NOOP)
    like = clients["lambda"].get_function_configuration(FunctionName=outputs["functionName"])
    function = clients["lambda"].create_function(
        FunctionName="noop",
        Handler="noop.handler",
        Code={"ZipFile": package.getvalue()},
        Role=like["Role"],
        Runtime=like["Runtime"],
        MemorySize=like["MemorySize"],
        Timeout=like["Timeout"],
    )
    api = clients["apigatewayv2"]
    integration = api.create_integration(
        ApiId=outputs["apiId"],
        IntegrationType="AWS_PROXY",
        IntegrationUri=function["FunctionArn"],
        PayloadFormatVersion="2.0",
    )
    api.create_route(
        ApiId=outputs["apiId"], RouteKey="POST /noop", Target=f"integrations/{integration['IntegrationId']}"
    )
    return outputs["predictUrl"].replace("/predict", "/noop")


def calls(outputs: dict[str, str], clients: Clients, image: bytes) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    image_url = f"{outputs['pageUrl']}/samples/1.jpg"
    noop_url = add_noop_route(outputs, clients)
    body = json.dumps({"url": image_url}).encode()
    headers = {"Content-Type": "application/json"}
    return {
        "predict": lambda: check(loopback.request("POST", outputs["predictUrl"], body, headers)),
        "noop": lambda: check(loopback.request("POST", noop_url, body, headers)),
        "fetch": lambda: check(loopback.request("GET", image_url)),
        "invoke_endpoint": lambda: (
            clients["sagemaker-runtime"]
            .invoke_endpoint(EndpointName=outputs["endpointName"], ContentType="image/jpeg", Body=image)["Body"]
            .read()
        ),
    }


def check(response: urllib3.BaseHTTPResponse) -> str:
    """The request's id. An error would be fast."""
    if response.status != 200:
        raise click.ClickException(f"{response.status}: {response.data!r}")
    return response.headers.get("apigw-requestid", "")


def timed(call: Callable[[], object]) -> tuple[str, float]:
    """What one call returns, as text, and how many milliseconds it takes."""
    started_at = time.perf_counter()
    returned = call()
    spent = time.perf_counter() - started_at
    return str(returned), spent * 1000


def bare(stack: BenchmarkStack, image: bytes) -> dict[str, Callable[[], object]]:
    """What else is measured, to know the parts of a prediction."""
    return {
        "bare fetch": bare_calls.fetch(stack, "/samples/1.jpg"),
        "bare endpoint": bare_calls.endpoint(stack, image),
        "bare container": bare_calls.container(stack, image),
    }


def take_turns(measured: dict[str, Callable[[], object]], count: int) -> dict[str, list[tuple[str, float]]]:
    """What all calls have returned, and how many milliseconds they took."""
    for _ in range(WARM_UP):
        for call in measured.values():
            call()
    times: dict[str, list[tuple[str, float]]] = {name: [] for name in measured}
    for _ in track(range(count), "calling"):
        for name, call in measured.items():
            times[name].append(timed(call))
    return times


def draw(figures: dict[str, float], picture: Path) -> None:
    """Where a request spends its time, and below it an empty function behind the same API."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panel = pyplot.subplots(figsize=(9, 2.8), layout="constrained")
    hatches = dict.fromkeys(OURS, "///") | dict.fromkeys(EMULATED, "...")
    left = 0.0
    for part in PARTS:
        width = figures[f"{part}_ms"]
        panel.barh("POST /predict", width, left=left, label=part, hatch=hatches.get(part), edgecolor="white")
        left += width
    panel.barh("empty function", figures["noop_p50_ms"], color="tab:blue")
    panel.invert_yaxis()
    panel.set(xlabel="ms (median); dots: emulators, lines: this project's code, which also runs on AWS")
    panel.legend(ncols=len(PARTS), fontsize="small", loc="upper center", bbox_to_anchor=(0.5, 1.25))
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)


@click.command()
@click.option(
    "--calls", "count", type=click.IntRange(min=2), default=500, show_default=True, help="How often each is called."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/chain.json")
@click.option("--picture", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/chain.png")
def main(count: int, json_file: Path, picture: Path) -> None:
    """p50 of a prediction, against the sum of the p50s of its parts; and what its parts are."""
    image = (PROJECT / "site/samples/1.jpg").read_bytes()
    with benchmark_stack() as stack:
        times = take_turns(calls(stack.outputs, stack.clients, image) | bare(stack, image), count)
        p50 = {name: statistics.median(spent for _, spent in called) for name, called in times.items()}
        predict, endpoint, container = (dict(times[name]) for name in ("predict", "bare endpoint", "bare container"))
        parts = split(stack, predict, p50["bare fetch"], endpoint, container)
    own, emulated, necessary = (sum(parts[part] for part in group) for group in (OURS, EMULATED, UNAVOIDABLE))
    p99 = statistics.quantiles([spent for _, spent in times["predict"]], n=100)[98]
    unavoidable = p50["noop"] + p50["fetch"] + p50["invoke_endpoint"]
    figures = (
        {f"{name.replace(' ', '_')}_p50_ms": value for name, value in p50.items()}
        | {"ratio": p50["predict"] / unavoidable, "p99_over_p50": p99 / p50["predict"]}
        | {f"{part}_ms": value for part, value in parts.items()}
        | {
            "own_share": own / necessary,
            "emulated_share": emulated / necessary,
        }
    )
    report(
        f"POST /predict, {count} calls",
        {
            "POST /predict with a URL, p50": f"{p50['predict']:.1f} ms",
            "no-op function behind the same API, p50": f"{p50['noop']:.1f} ms",
            "fetch of the image, p50": f"{p50['fetch']:.1f} ms",
            "InvokeEndpoint with the image's bytes, p50": f"{p50['invoke_endpoint']:.1f} ms",
            "ratio to the sum of the three": f"{figures['ratio']:.2f}",
            "p99 of POST /predict to its p50": f"{figures['p99_over_p50']:.2f}",
        }
        | {f"of the request: {part}": f"{parts[part]:.2f} ms" for part in PARTS}
        | {
            f"{', '.join(group)}, to {', '.join(UNAVOIDABLE)}": f"{figures[share]:.2f}"
            for group, share in ((OURS, "own_share"), (EMULATED, "emulated_share"))
        },
        figures,
        json_file,
    )
    draw(figures, picture)
    exit_unless(figures, at_most=LIMITS)


if __name__ == "__main__":
    main()
