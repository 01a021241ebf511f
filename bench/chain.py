"""What ``POST /predict`` costs on top of what it cannot avoid.

It cannot avoid an HTTP API with a Lambda function behind it, fetching the image, and asking the endpoint. Each
of the three is measured alone; the calls take turns, so that all see the same machine.
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
import urllib3
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/chain.py` works, too

from bench.report import report
from bench.stack import benchmark_stack
from harness import loopback
from harness.clients import Clients

NOOP = """
import sys

def handler(event, context):
    print('{"status": 200}', file=sys.stderr)
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "ok"}
"""
WARM_UP = 20


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


def calls(outputs: dict[str, str], clients: Clients) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    image_url = f"{outputs['pageUrl']}/samples/1.jpg"
    noop_url = add_noop_route(outputs, clients)
    image = loopback.request("GET", image_url).data
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


def check(response: urllib3.BaseHTTPResponse) -> None:
    """An error would be fast."""
    if response.status != 200:
        raise click.ClickException(f"{response.status}: {response.data!r}")


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    started_at = time.perf_counter()
    call()
    return (time.perf_counter() - started_at) * 1000


@click.command()
@click.option(
    "--calls", "count", type=click.IntRange(min=2), default=500, show_default=True, help="How often each is called."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(count: int, json_file: Path | None) -> None:
    """p50 of a prediction, against the sum of the p50s of its parts."""
    with benchmark_stack() as stack:
        measured = calls(stack.outputs, stack.clients)
        for _ in range(WARM_UP):
            for call in measured.values():
                call()
        times: dict[str, list[float]] = {name: [] for name in measured}
        for _ in track(range(count), "calling"):
            for name, call in measured.items():
                times[name].append(milliseconds(call))
    p50 = {name: statistics.median(values) for name, values in times.items()}
    p99 = statistics.quantiles(times["predict"], n=100)[98]
    unavoidable = p50["noop"] + p50["fetch"] + p50["invoke_endpoint"]
    figures = {f"{name}_p50_ms": value for name, value in p50.items()} | {
        "ratio": p50["predict"] / unavoidable,
        "p99_over_p50": p99 / p50["predict"],
    }
    report(
        f"POST /predict, {count} calls",
        {
            "POST /predict with a URL, p50": f"{p50['predict']:.1f} ms",
            "no-op function behind the same API, p50": f"{p50['noop']:.1f} ms",
            "fetch of the image, p50": f"{p50['fetch']:.1f} ms",
            "InvokeEndpoint with the image's bytes, p50": f"{p50['invoke_endpoint']:.1f} ms",
            "ratio to the sum of the three": f"{figures['ratio']:.2f}",
            "p99 of POST /predict to its p50": f"{figures['p99_over_p50']:.2f}",
        },
        figures,
        json_file,
    )


if __name__ == "__main__":
    main()
