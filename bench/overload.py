"""Ten times the requests that the stack can answer, for a minute: what becomes of those let in, and of the others.

The model is of the architecture that design and README start from (ResNeXt-101 32x8d, random weights), as a new version
behind the endpoint of a running stack. With the sample model, which answers in 10 ms, ten times the capacity would be
more than visitors and emulators on the same cores can send and receive: that would measure them.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that `python bench/overload.py` works, too

from bench.visitors import BUSY, Visit, show_broken, send_crowd, upload  # isort: skip
import os
import subprocess
import tempfile
from statistics import median, quantiles

import click
import matplotlib
from rich.progress import Progress

from bench.report import exit_unless, report
from bench.stack import BenchmarkStack, benchmark_stack
from harness.emulators import MAX_FUNCTION_CALLS
from harness.project import PROJECT

ARCHITECTURE = "resnext101_32x8d"
LABELS = "1,2,3,4,5"
OVERLOAD = 10  # times the capacity
# So many keep the model busy, one prediction on each core and one behind it, and are all let in.
VISITORS = 2 * (os.cpu_count() or 1)
RECOVERY_SECONDS = 5.0
# Visitors who wait for an answer send nothing; with so many for each request per second, enough others do. A twentieth
# is still missing of what is aimed at.
VISITORS_PER_RATE = 4
AIMED_AT = 1.1 * OVERLOAD
AT_MOST = {
    "lost": 0,
    "outside_contract": 0,
    "refusal_p99_ms": 1000,
    "accepted_p50_ratio": 2,
    "accepted_p99_ratio": 2,
}
AT_LEAST = {"offered_ratio": 0.99 * OVERLOAD, "service_after": 0.9}

CHECKPOINT = """
import sys
import torch
from torchvision_import import import_torchvision
network = import_torchvision().models.get_model(sys.argv[1], num_classes=int(sys.argv[2]))
torch.save(network.state_dict(), sys.argv[3])
"""


def package(directory: Path) -> Path:
    """An artifact of the architecture."""
    checkpoint, artifact = directory / "model.pth", directory / "model.tar.gz"
    model_code = PROJECT / "model_server/artifact"
    make = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(model_code)!r})\n{CHECKPOINT}"]
    subprocess.run([*make, ARCHITECTURE, str(len(LABELS.split(","))), str(checkpoint)], check=True)
    command = [sys.executable, "-m", "model_server.package", f"--checkpoint={checkpoint}", f"--output={artifact}"]
    subprocess.run([*command, f"--architecture={ARCHITECTURE}", f"--labels={LABELS}"], cwd=PROJECT, check=True)
    return artifact


def roll_out(stack: BenchmarkStack, artifact: Path) -> None:
    """Make the artifact the next version behind the stack's endpoint."""
    name, sagemaker = stack.outputs["endpointName"], stack.clients["sagemaker"]
    serving = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    configuration = sagemaker.describe_endpoint_config(EndpointConfigName=serving)
    (variant,) = configuration["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    bucket = model["PrimaryContainer"]["ModelDataUrl"].split("/")[2]
    stack.clients["s3"].upload_file(str(artifact), bucket, "overload/model.tar.gz")
    container = model["PrimaryContainer"] | {"ModelDataUrl": f"s3://{bucket}/overload/model.tar.gz"}
    sagemaker.create_model(ModelName="overload", PrimaryContainer=container, ExecutionRoleArn=model["ExecutionRoleArn"])
    variants = [variant | {"ModelName": "overload"}]
    sagemaker.create_endpoint_config(EndpointConfigName="overload", ProductionVariants=variants)
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="overload")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def rate(visit: Visit, seconds: float) -> float:
    """Good answers per second."""
    return len(visit.seconds(200)) / seconds


def draw(phases: dict[str, Visit], picture: Path) -> None:
    """How long each answer and each refusal took, in the order in which they were asked for."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panel = pyplot.subplots(figsize=(9, 3.5), layout="constrained")
    answers = [answer for visit in phases.values() for answer in visit.answers]
    start = min(answer.sent_at for answer in answers)
    for status, label in ((BUSY, "refused"), (200, "answered")):
        shown = [answer for answer in answers if answer.status == status]
        at = [answer.sent_at - start for answer in shown]
        panel.plot(at, [answer.seconds for answer in shown], ".", markersize=3, label=label)
    for phase, visit in phases.items():
        begins = min(answer.sent_at for answer in visit.answers) - start
        panel.axvline(begins, color="black", linewidth=0.8)
        panel.annotate(f" {phase}", (begins, 1.01), xycoords=panel.get_xaxis_transform(), fontsize="small")
    panel.set(xlabel="s", ylabel="s until the answer", ylim=(0, None))
    panel.grid(alpha=0.3)
    figure.legend(loc="outside right center", markerscale=3)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=120)


@click.command()
@click.option(
    "--seconds", type=click.FloatRange(min=5), default=60.0, show_default=True, help="At capacity, then of overload."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), default=PROJECT / "docs/benchmarks/overload.json")
def main(seconds: float, json_file: Path) -> None:
    """Overload the stack."""
    with tempfile.TemporaryDirectory() as folder, benchmark_stack() as stack:
        click.echo(f"packaging {ARCHITECTURE}", err=True)
        roll_out(stack, package(Path(folder)))
        with Progress() as bar:

            def crowd(what: str, duration: float, visitors: int = VISITORS, rate: float | None = None) -> Visit:
                line = bar.add_task(what, total=None)
                visit = send_crowd(stack.outputs["predictUrl"], visitors, upload, seconds=duration, rate=rate)
                bar.update(line, total=1, completed=1)
                return visit

            # On AWS, functions start on other machines. Here, starting them takes time from the model.
            crowd("starting functions", 10, visitors=MAX_FUNCTION_CALLS)
            calm = crowd("at capacity", seconds)
            capacity = rate(calm, seconds)
            aimed_at = AIMED_AT * capacity
            storm = crowd("overloading", seconds, round(VISITORS_PER_RATE * aimed_at), rate=aimed_at)
            after = crowd("recovering", RECOVERY_SECONDS)
    offered = len(storm.answers) / seconds
    refusals = quantiles(storm.seconds(BUSY), n=100)
    figures = {
        "capacity_per_second": capacity,
        "offered_per_second": offered,
        "offered_ratio": offered / capacity,
        "accepted_per_second": rate(storm, seconds),
        "accepted_p50_ratio": median(storm.seconds(200)) / median(calm.seconds(200)),
        "accepted_p99_ratio": quantiles(storm.seconds(200), n=100)[98] / quantiles(calm.seconds(200), n=100)[98],
        "refusal_p50_ms": refusals[49] * 1000,
        "refusal_p99_ms": refusals[98] * 1000,
        "outside_contract": len(storm.broken_promises),
        "lost": sum(answer.status == 0 for answer in storm.answers),
        "service_after": rate(after, RECOVERY_SECONDS) / capacity,
    }
    report(
        f"{OVERLOAD} times the capacity for {seconds:.0f} s",
        {
            "offered, to the capacity": f"{figures['offered_ratio']:.1f}",
            "answered, to the capacity": f"{figures['accepted_per_second'] / capacity:.2f}",
            "their p50 and p99, to those at capacity": (
                f"{figures['accepted_p50_ratio']:.2f}, {figures['accepted_p99_ratio']:.2f}"
            ),
            "p50 and p99 of refusals": f"{figures['refusal_p50_ms']:.0f} ms, {figures['refusal_p99_ms']:.0f} ms",
            "outside the contract, lost": f"{figures['outside_contract']}, {figures['lost']}",
            f"answered in the {RECOVERY_SECONDS:.0f} s after it, to the capacity": f"{figures['service_after']:.2f}",
        },
        figures,
        json_file,
    )
    draw({"at capacity": calm, "overload": storm, "afterwards": after}, json_file.with_suffix(".png"))
    show_broken(storm)
    exit_unless(figures, AT_MOST, AT_LEAST)


if __name__ == "__main__":
    main()
