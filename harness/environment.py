"""The part of the user's environment that must not decide where the local stack goes."""

import os

# AWS_PROFILE, AWS_ENDPOINT_URL, USE_SSL, SERVICES, ...: meant for the user's real accounts, or another emulator.
FOREIGN_PREFIXES = ("AWS_", "LOCALSTACK_", "MINISTACK_", "LAMBDA_", "PULUMI_", "PERSIST_", "S3_PERSIST")
FOREIGN = ("EDGE_PORT", "PYTHONPATH", "SERVICES", "STATE_DIR", "USE_SSL", "AUTH")
LOOPBACK = "127.0.0.1,localhost"


def isolate() -> None:
    """Forget what the user's shell says about AWS and emulators, and keep loopback away from proxies."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_PREFIXES) or name in FOREIGN:
            del os.environ[name]
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), LOOPBACK)))
