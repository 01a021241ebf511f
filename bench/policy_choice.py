"""Which autoscaling policy an endpoint should have, by simulating two bursts (bench/autoscaling.py).

Traffic grows from a tenth of what the API's throttle lets through to all of it: within twenty minutes, as when a link
goes round, and from one second to the next. A few requests, or seconds, decide in which minute an alarm goes off. So
each burst is played with many seeds, with each from another second of a minute on, and the worst of them counts.
"""

from dataclasses import dataclass
from itertools import product
from math import ceil
from statistics import mean

from bench.autoscaling import MINUTE, START_SECONDS, Instance, Policy, Second, simulate

QUIET_SHARE = 0.1
RAMP_SECONDS = 20 * MINUTE
# More refusals in five minutes than that, and stack prod's alarm goes off (alarmErrorPercentage).
MOST_REFUSED = 0.01
# What a policy may refuse of it: half, because there are worse days than those that are played.
ACCEPTED = MOST_REFUSED / 2
WINDOW = 5 * MINUTE
SEEDS = 20

UTILISATIONS = (0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SCALE_OUT_COOLDOWNS = (300, 60)
SCALE_IN_COOLDOWN = 300  # AWS's default. It decides nothing here: the alarm itself waits for fifteen quiet minutes


@dataclass(frozen=True)
class Outcome:
    """What a policy makes of the two bursts.

    With the worst seed, the shares refused in the worst five minutes, and the minutes with more than the alarm's; on
    average, what the slower burst costs.
    """

    policy: Policy
    ramp_refused: float
    step_refused: float
    step_refused_minutes: int
    instance_hours: float


def burst(peak: float, ramp_seconds: int, late: int = 0) -> list[float]:
    """Requests per second: a quiet quarter of an hour, the way up, half an hour at the peak, a quiet end.

    :param late: so many seconds later is the way up.
    """
    quiet = QUIET_SHARE * peak
    way_up = [quiet + (peak - quiet) * second / ramp_seconds for second in range(ramp_seconds)]
    return [quiet] * (15 * MINUTE + late) + way_up + [peak] * 30 * MINUTE + [quiet] * (40 * MINUTE - late)


def candidates(peak: float, instance: Instance) -> list[Policy]:
    """Policies that always have an instance to spare: two when it is quiet, one more than needed at the peak."""
    most = ceil(peak / instance.rate) + 1
    return [
        Policy(fewest, most, round(utilisation * instance.rate * MINUTE, -2), scale_out_cooldown, SCALE_IN_COOLDOWN)
        for fewest, utilisation, scale_out_cooldown in product((2, 3), UTILISATIONS, SCALE_OUT_COOLDOWNS)
        if fewest <= most
    ]


def outcome(policy: Policy, peak: float, instance: Instance, start_seconds: int = START_SECONDS) -> Outcome:
    """Both bursts, simulated with all seeds."""

    def runs(ramp_seconds: int) -> list[list[Second]]:
        loads = [burst(peak, ramp_seconds, late=seed * MINUTE // SEEDS) for seed in range(SEEDS)]
        return [simulate(load, instance, policy, start_seconds, seed) for seed, load in enumerate(loads)]

    ramps, steps = runs(RAMP_SECONDS), runs(0)
    hours = mean(sum(second.paid for second in ramp) / 3600 for ramp in ramps)
    return Outcome(policy, max(map(_worst, ramps)), max(map(_worst, steps)), max(map(_bad_minutes, steps)), hours)


def recommended(outcomes: list[Outcome]) -> Policy:
    """The cheapest of those that refuse no more than is accepted in a ramp, or else the one that refuses fewest."""
    return min(outcomes, key=lambda each: (max(each.ramp_refused, ACCEPTED), each.instance_hours)).policy


def _refused(seconds: list[Second]) -> float:
    return sum(second.refused for second in seconds) / max(1, sum(second.arrived for second in seconds))


def _worst(seconds: list[Second]) -> float:
    return max(_refused(seconds[start : start + WINDOW]) for start in range(0, len(seconds) - WINDOW + 1, MINUTE))


def _bad_minutes(seconds: list[Second]) -> int:
    return sum(_refused(seconds[start : start + MINUTE]) > MOST_REFUSED for start in range(0, len(seconds), MINUTE))
