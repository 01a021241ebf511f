"""The rules of the policy pack: every policy that a module of this folder makes.

Nothing of the project is imported here, so that the pack can be published on its own.
"""

from pulumi_policy import Policy

from . import api, buckets, distribution, endpoint, iam, logs, tags

RULES = [
    rule
    for module in (distribution, api, logs, endpoint, buckets, iam, tags)
    for rule in vars(module).values()
    if isinstance(rule, Policy)
]
