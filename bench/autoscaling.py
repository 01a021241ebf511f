"""Simulates, second by second, an endpoint whose number of instances follows the traffic.

Target tracking looks at the invocations per instance of each minute. Three minutes above the target: it adds so many
instances that the target would be met. Fifteen minutes more than a tenth below it: it takes away as many as it can.
New instances serve when they are in service, minutes later. Until then requests wait in the containers, each for at
most 0.5 s or one prediction, and those that would wait longer are refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from model_server.container.app import MAX_INVOCATIONS
from model_server.container.queue import MAX_WAIT

# What Application Auto Scaling's alarms demand, as users read it in CloudWatch. AWS does not document the numbers.
# https://repost.aws/questions/QUf450Wsd9RROGGOIwaolN9w/sagemaker-autoscaling-delay
MINUTES_ABOVE, MINUTES_BELOW = 3, 15
BELOW = 0.9
# Assumed: when a minute is over, its metric is there a minute later.
PUBLICATION_SECONDS = 60
# From the decision until a new instance is in service. AWS's own example for an image of 16 GB, without its new cache
# for GPU instances; ours is smaller, so this should be the longest.
# https://aws.amazon.com/blogs/machine-learning/introducing-container-caching-in-amazon-sagemaker-ai-for-faster-model-scaling/
START_SECONDS = 380
MINUTE = 60


@dataclass(frozen=True)
class Instance:
    """What one instance can do: predictions per second, and so many at a time."""

    rate: float
    places: int

    @property
    def longest_queue(self) -> int:
        """Requests that its container lets wait (model_server/container/queue.py)."""
        for_each_place = max(1, int(MAX_WAIT * self.rate / self.places))
        return min(self.places * for_each_place, MAX_INVOCATIONS - self.places)


@dataclass(frozen=True)
class Policy:
    """The settings of a stack that decide. target: invocations per instance and minute."""

    min_instances: int
    max_instances: int
    target: float
    scale_out_cooldown: int
    scale_in_cooldown: int

    def wanted(self, published: Sequence[float], instances: int) -> int:
        """How many instances the alarms ask for, from the metric of every minute that is known so far."""
        above, below = published[-MINUTES_ABOVE:], published[-MINUTES_BELOW:]
        is_high = len(above) == MINUTES_ABOVE and min(above) > self.target
        is_low = len(below) == MINUTES_BELOW and max(below) < BELOW * self.target
        if not is_high and not is_low:
            return instances
        return min(self.max_instances, max(self.min_instances, ceil(instances * published[-1] / self.target)))


@dataclass(frozen=True)
class Second:
    """What happened in it, and how things stand at its end."""

    arrived: int
    served: float
    refused: float
    waiting: float
    in_service: int
    paid: int


def simulate(
    load: Sequence[float], instance: Instance, policy: Policy, start_seconds: int = START_SECONDS, seed: int = 0
) -> list[Second]:
    """What becomes of requests that arrive at random.

    :param load: requests per second, on average, for each second.
    :param seed: with the same one, the same requests come at the same moments.
    """
    random = np.random.default_rng(seed)
    arrivals: list[int] = random.poisson(load).tolist()
    longest_queue = float(instance.longest_queue)
    waiting = [0.0] * policy.min_instances  # requests in each instance's queue
    published: list[float] = []
    invocations = 0.0  # per instance, in this minute
    starting, in_service_at, out_again_at, in_again_at = 0, 0, 0, 0
    seconds = []
    for now, arrived in enumerate(arrivals):
        drained = 0.0
        if now % MINUTE == 0 and now > 0:
            published.append(invocations)
            invocations = 0.0
            if not starting:  # SageMaker changes an endpoint only while it is InService
                known = published[: max(0, (now - PUBLICATION_SECONDS) // MINUTE)]
                more = policy.wanted(known, len(waiting)) - len(waiting)
                if more > 0 and now >= out_again_at:
                    starting, in_service_at = more, now + start_seconds
                if more < 0 and now >= in_again_at:
                    waiting, drained = waiting[:more], sum(waiting[more:])  # an instance finishes its work
                    in_again_at = now + policy.scale_in_cooldown
        if starting and now >= in_service_at:
            waiting, starting = waiting + [0.0] * starting, 0
            out_again_at = now + policy.scale_out_cooldown
        in_service = len(waiting)
        # SageMaker sends each request to any instance.
        new = random.multinomial(arrived, [1 / in_service] * in_service).tolist()
        work = [before + come for before, come in zip(waiting, new, strict=True)]
        left = [max(0.0, each - instance.rate) for each in work]
        waiting = [min(each, longest_queue) for each in left]
        invocations += arrived / in_service
        served, refused = sum(work) - sum(left) + drained, sum(left) - sum(waiting)
        seconds.append(Second(arrived, served, refused, sum(waiting), in_service, in_service + starting))
    return seconds
