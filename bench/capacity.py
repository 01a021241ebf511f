"""What each part of the chain lets through, and what a million predictions cost there."""

from dataclasses import dataclass

# us-east-1, on demand, November 2026: docs/deploy.md has the sources.
DOLLARS_PER_INSTANCE_HOUR = 0.115
DOLLARS_PER_SERVERLESS_GB_SECOND = 0.00002
# A million predictions, without the model: data into the endpoint, HTTP API, function, logs, traces.
DOLLARS_PER_MILLION_CALLS = 1.60 + 1.00 + 1.53 + 1.00 + 0.25

# Assumed: a warm call of the function, most of it spent on fetching the image.
FUNCTION_SECONDS = 0.2

# Defaults of an account; docs/scaling.md has the sources.
API_QUOTA = 10_000
FUNCTION_QUOTA = 1_000 - 100  # Lambda keeps a hundred for functions without a reservation
SERVERLESS_QUOTA = 200


@dataclass(frozen=True)
class Capacity:
    """dollars: the model's part of a million predictions when this is fully used; None where nothing is added."""

    name: str
    per_second: float
    dollars: float | None = None


def capacities(
    settings: dict[str, float], serverless: tuple[int, int], rate: float, seconds: float
) -> dict[str, list[Capacity]]:
    """What stack, and then quota, allows, by part of the chain.

    :param settings: of stack prod: throttle, concurrency, min_instances, max_instances, target.
    :param serverless: memory in MB and concurrency of stack dev.
    :param rate: predictions per second of one instance.
    :param seconds: one prediction on it.
    """
    memory_mb, concurrency = serverless
    on_demand = memory_mb / 1024 * seconds * DOLLARS_PER_SERVERLESS_GB_SECOND * 1e6
    on_target = settings["target"] / 60
    return {
        "HTTP API": [
            Capacity("throttle of prod", settings["throttle"]),
            Capacity("quota of the account", API_QUOTA),
        ],
        "function": [
            Capacity(f"{settings['concurrency']:.0f} at a time, reserved", settings["concurrency"] / FUNCTION_SECONDS),
            Capacity(f"{FUNCTION_QUOTA} at a time, the account's", FUNCTION_QUOTA / FUNCTION_SECONDS),
        ],
        "instances": [
            Capacity("one, busy", rate, instance_dollars(rate)),
            *(
                Capacity(f"{settings[key]:.0f}, {words} of prod, busy", settings[key] * rate, instance_dollars(rate))
                for key, words in (("min_instances", "fewest"), ("max_instances", "most"))
            ),
            Capacity("one at the policy's target", on_target, instance_dollars(on_target)),
        ],
        "serverless": [
            Capacity(f"{concurrency} at a time, dev", concurrency / seconds, on_demand),
            Capacity(f"{SERVERLESS_QUOTA} at a time, an endpoint's most", SERVERLESS_QUOTA / seconds, on_demand),
        ],
    }


def instance_dollars(rate: float) -> float:
    """A million predictions on instances that make so many per second each."""
    return DOLLARS_PER_INSTANCE_HOUR / 3600 / rate * 1e6
