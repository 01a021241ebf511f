"""The simulation behind docs/scaling.md obeys the laws of queues, and stack prod has the policy that it recommends."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import pytest

from bench.autoscaling import MINUTE, PUBLICATION_SECONDS, Instance, Policy, Second, simulate
from bench.capacity import API_QUOTA, capacities, instance_dollars
from bench.policy_choice import ACCEPTED, MOST_REFUSED, SEEDS, Outcome, burst, candidates, outcome, recommended
from bench.scaling import FIGURES, committed
from bench.service_rate import measured

INSTANCE = Instance(rate=50, places=2)
POLICY = Policy(min_instances=2, max_instances=5, target=1500, scale_out_cooldown=300, scale_in_cooldown=300)
OVERLOAD = [200.0] * 30 * MINUTE


def counts(seconds: list[Second]) -> list[int]:
    return [second.in_service for second in seconds]


def first(seconds: list[Second], condition: Callable[[Second], bool]) -> int:
    return next(now for now, second in enumerate(seconds) if condition(second))


@pytest.mark.parametrize("load", [OVERLOAD, burst(200, 0), burst(200, 600), [0.0] * 600])
def test_whoever_arrives_is_served_or_refused_or_waits(load: list[float]) -> None:
    seconds = simulate(load, INSTANCE, POLICY)
    settled = sum(second.served + second.refused for second in seconds)
    assert sum(second.arrived for second in seconds) == pytest.approx(settled + seconds[-1].waiting)


def test_nothing_is_served_by_an_instance_before_it_is_in_service() -> None:
    seconds = simulate(OVERLOAD, INSTANCE, POLICY, start_seconds=240)
    ordered_at = first(seconds, lambda second: second.paid > 2)
    assert ordered_at == 3 * MINUTE + PUBLICATION_SECONDS
    assert first(seconds, lambda second: second.in_service > 2) == ordered_at + 240
    assert all(second.served <= second.in_service * INSTANCE.rate for second in seconds)


def test_nobody_waits_longer_than_the_container_allows() -> None:
    for instance in (INSTANCE, Instance(rate=3, places=2)):
        seconds = simulate(OVERLOAD, instance, POLICY)
        assert max(second.waiting / second.in_service for second in seconds) <= instance.rate * 1.0
        assert max(second.waiting / second.in_service for second in seconds) <= 32 - instance.places


def test_below_capacity_what_is_busy_is_the_load_over_the_capacity() -> None:
    fixed = Policy(4, 4, 1500, 300, 300)
    seconds = simulate([100.0] * 30 * MINUTE, INSTANCE, fixed)
    busy = sum(second.served for second in seconds) / (4 * INSTANCE.rate * len(seconds))
    assert busy == pytest.approx(0.5, rel=0.01)
    assert sum(second.refused for second in seconds) == 0


def test_above_capacity_everything_is_busy_and_the_rest_is_refused() -> None:
    fixed = Policy(2, 2, 1500, 300, 300)
    seconds = simulate(OVERLOAD, INSTANCE, fixed)
    assert sum(second.served for second in seconds) == pytest.approx(2 * INSTANCE.rate * len(seconds), rel=0.01)
    assert sum(second.refused for second in seconds) == pytest.approx(100 * len(seconds), rel=0.01)


def test_instances_stay_within_limits_and_go_when_a_quarter_of_an_hour_was_quiet() -> None:
    seconds = simulate(burst(200, 0), INSTANCE, POLICY)
    assert (min(counts(seconds)), max(counts(seconds))) == (2, 5)
    quiet_at = 45 * MINUTE
    fewer_at = next(now for now in range(quiet_at, len(seconds)) if seconds[now].in_service < 5)
    assert quiet_at + 15 * MINUTE <= fewer_at <= quiet_at + 18 * MINUTE
    assert seconds[-1].in_service == 2


def test_more_instances_are_ordered_only_after_the_cooldown() -> None:
    def orders(cooldown: int) -> list[int]:
        policy = Policy(1, 9, 1500, cooldown, 300)
        paid = [second.paid for second in simulate([30.0] * 20 * MINUTE + OVERLOAD, INSTANCE, policy, 120)]
        return [now for now in range(1, len(paid)) if paid[now] > paid[now - 1]]

    short, long = orders(60), orders(900)
    assert short[0] == long[0]
    assert long[1] - long[0] >= 120 + 900 > short[1] - short[0]


def test_a_run_can_be_repeated() -> None:
    assert simulate(burst(200, 600), INSTANCE, POLICY) == simulate(burst(200, 600), INSTANCE, POLICY)


def test_with_another_seed_requests_come_at_other_moments() -> None:
    once, again = (simulate(burst(200, 600), INSTANCE, POLICY, seed=seed) for seed in (1, 2))
    assert once != again


def test_among_policies_far_enough_from_the_alarm_the_cheapest_is_recommended() -> None:
    def judged(target: float, refused: float, hours: float) -> Outcome:
        return Outcome(Policy(2, 5, target, 300, 300), refused, 0.5, 9, hours)

    assert recommended([judged(1, 0.0, 3), judged(2, 0.004, 2), judged(3, 0.009, 1)]).target == 2
    assert recommended([judged(1, 0.5, 3), judged(2, 0.6, 2)]).target == 1


def test_of_all_seeds_the_worst_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(seeds: int) -> Outcome:
        monkeypatch.setattr("bench.policy_choice.SEEDS", seeds)
        return outcome(POLICY, 200, INSTANCE)

    one, several = judged(1), judged(4)
    assert several.ramp_refused > one.ramp_refused > 0
    assert several.step_refused > one.step_refused > 0


def test_every_candidate_has_an_instance_to_spare() -> None:
    for policy in candidates(200, INSTANCE):
        assert policy.min_instances >= 2
        assert (policy.max_instances - 1) * INSTANCE.rate >= 200


@pytest.fixture
def figures() -> dict[str, Any]:
    return dict(json.loads(FIGURES.read_text()))


def test_stack_prod_has_the_policy_that_the_figures_recommend(figures: dict[str, Any]) -> None:
    policy, limits, _ = committed()
    tried = [Outcome(**each | {"policy": Policy(**each["policy"])}) for each in figures["tried"]]
    assert policy == recommended(tried)
    assert figures["outcomes"]["recommended"]["ramp_refused"] <= ACCEPTED < MOST_REFUSED
    assert figures["seeds"] == SEEDS >= 20
    assert limits["throttle"] == figures["peak"]


def test_the_figures_are_those_of_the_simulation(figures: dict[str, Any]) -> None:
    policy, limits, _ = committed()
    simulated = outcome(policy, limits["throttle"], Instance(**figures["instance"]))
    written = figures["outcomes"]["recommended"]
    assert simulated.ramp_refused == pytest.approx(written["ramp_refused"], abs=0.002)
    assert simulated.step_refused == pytest.approx(written["step_refused"], abs=0.02)
    assert simulated.instance_hours == pytest.approx(written["instance_hours"], abs=0.1)


def test_the_throttle_is_what_function_and_instances_can_take(figures: dict[str, Any]) -> None:
    """With one instance lost, too; otherwise callers would be let in only to be refused later."""
    by_name = {each["name"]: each["per_second"] for part in figures["capacities"].values() for each in part}
    policy, limits, _ = committed()
    assert limits["throttle"] <= API_QUOTA
    assert limits["throttle"] <= (policy.max_instances - 1) * figures["instance"]["rate"]
    assert limits["throttle"] <= by_name["50 at a time, reserved"]


def test_a_million_predictions_cost_the_hours_that_they_take() -> None:
    assert instance_dollars(rate=1e6 / 3600) == pytest.approx(0.115)


def test_capacity_grows_with_instances_and_concurrency() -> None:
    settings = {"throttle": 200.0, "concurrency": 50.0, "min_instances": 2, "max_instances": 5, "target": 900.0}
    parts = capacities(settings, (3072, 5), rate=60, seconds=0.02)
    assert [each.per_second for each in parts["instances"]] == [60, 120, 300, 15]
    assert [each.per_second for each in parts["function"]] == [250, 4500]
    assert [each.per_second for each in parts["serverless"]] == [250, 10_000]
    assert parts["serverless"][0].dollars == pytest.approx(3 * 0.02 * 20)


def serving(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "serving.json"
    common = {"server": "TorchServe", "model": "sample", "artifact": "float32"}
    file.write_text(json.dumps({"machine": "a CPU", "rows": [common | row for row in rows]}))
    return file


def test_service_times_come_from_the_benchmark_of_serving(tmp_path: Path) -> None:
    alone, busy = {"clients": 1, "rps": 80, "p50_ms": 12}, {"clients": 8, "rps": 120, "p50_ms": 66}
    found = measured(serving(tmp_path, alone, busy, busy | {"artifact": "int8", "rps": 500}))
    assert (found.source, found.machine, found.rate, found.seconds) == ("serving.json", "a CPU", 120, 0.012)


def test_a_benchmark_of_serving_without_that_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="no rows"):
        measured(serving(tmp_path, {"clients": 8, "rps": 120, "p50_ms": 66, "server": "another"}))


def test_the_figures_name_the_machine_that_they_count_with(figures: dict[str, Any]) -> None:
    assert figures["measured"] == asdict(measured())
