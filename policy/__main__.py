"""Pulumi starts the policy pack here: ``pulumi up --policy-pack policy``."""

from pulumi_policy import EnforcementLevel, PolicyPack
from rules import RULES

# A stack that needs an exception says so in a file for `--policy-pack-config`, where it can be reviewed.
PolicyPack("object-counting-security", RULES, enforcement_level=EnforcementLevel.MANDATORY)
