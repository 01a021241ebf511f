"""The policy pack: every stack in the repository keeps its rules, and each rule catches what it is there for."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pulumi.runtime.rpc import UNKNOWN

from policy.rules.tags import TAGGABLE
from tests.policy.pack import Pack, running_pack
from tests.policy.stack import Registered, Stack, seen_by_policies
from tests.policy.violations import GONE, VIOLATIONS, Violation
from tests.unit.program import OPTIONS, STACKS, run_program
from tests.unit.recording import PreviewRecorder, Recorder

# What these look at is made of ids and ARNs that AWS makes up.
RULES_THAT_WAIT_FOR_AWS = {
    "bucket-policy-refuses-plain-http",
    "cors-names-origins",
    "iam-names-actions",
    "iam-names-resources",
    "permission-names-caller",
    "policy-limits-services",
    "policy-names-principals",
}

See = Callable[..., Stack]


@pytest.fixture(scope="module")
def pack() -> Iterator[Pack]:
    with running_pack() as running:
        yield running


@pytest.fixture(scope="module")
def see(tmp_path_factory: pytest.TempPathFactory) -> See:
    """Run the program for a stack, once."""
    model = tmp_path_factory.mktemp("model") / "model.tar.gz"
    seen: dict[str, Stack] = {}

    def see_it(stack: str, kind: type[Recorder] = Recorder, **overrides: Any) -> Stack:
        run = f"{stack} {kind.__name__} {json.dumps(overrides)}"
        if run not in seen:
            with pytest.MonkeyPatch.context() as patch:
                seen[run] = seen_by_policies(run_program(stack, patch, model, kind(), **overrides), stack)
        return seen[run]

    return see_it


@pytest.fixture(scope="module")
def everything(see: See) -> Stack:
    """Stack prod with what no stack in the repository uses, but another may."""
    options = ("domains", "tokens", "recording", "key", "isolation", "mail")
    return see("prod", **{key: value for option in options for key, value in OPTIONS[option].items()})


# --- The stacks of the repository ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
def test_stack_keeps_every_rule(pack: Pack, see: See, stack: str) -> None:
    program = see(stack)
    assert len(program.resources) > 50
    assert pack.findings(program.resources, program.provider, program.resources) == []


def test_stack_with_everything_turned_on_keeps_every_rule(pack: Pack, everything: Stack) -> None:
    assert pack.findings(everything.resources, everything.provider, everything.resources) == []


@pytest.mark.parametrize("stack", STACKS)
def test_preview_breaks_no_rule_and_leaves_open_only_what_aws_decides(pack: Pack, see: See, stack: str) -> None:
    program = see(stack, PreviewRecorder)
    findings = pack.findings(program.resources, program.provider, program.resources)
    assert [finding for finding in findings if finding.is_mandatory] == []
    assert {finding.rule for finding in findings} <= RULES_THAT_WAIT_FOR_AWS


def test_list_of_types_with_tags_is_complete(see: See, everything: Stack) -> None:
    # The program tags every type that the AWS SDK gives tags to.
    resources = [resource for stack in STACKS for resource in see(stack).resources] + everything.resources
    assert {resource.type for resource in resources if "tags" in resource.properties} <= set(TAGGABLE)


# --- Every rule catches ----------------------------------------------------------------------------------------------


def find(stack: Stack, which: str) -> Registered:
    """The first resource of a class, or the one with the name that follows."""
    class_, _, name = which.partition(" ")
    return next(r for r in stack.resources if r.type.endswith(f":{class_}") and name in ("", r.name))


def changed(container: Any, path: str, value: Any) -> Any:
    """A copy with another value at a path; what is JSON on the way stays JSON."""
    if isinstance(container, str):
        return json.dumps(changed(json.loads(container), path, value))
    copied = copy.copy(container)
    step, _, rest = path.partition(".")
    key: Any = int(step) if isinstance(copied, list) else step
    if rest:
        copied[key] = changed(copied[key], rest, value)
    elif value is GONE:
        del copied[key]
    else:
        copied[key] = value
    return copied


def with_change(resource: Registered, path: str, value: Any) -> Registered:
    # What is written by hand was made from no other resource.
    made_from = {key: urns for key, urns in resource.made_from.items() if key != path.split(".")[0]}
    return replace(resource, properties=changed(resource.properties, path, value), made_from=made_from)


@pytest.mark.parametrize("violation", VIOLATIONS, ids=str)
def test_rule_catches(pack: Pack, everything: Stack, violation: Violation) -> None:
    intact = find(everything, violation.resource)
    bad = [with_change(intact, violation.path, violation.value)] if violation.path else []
    stack = [resource for resource in everything.resources if resource is not intact] + bad
    findings = [found for found in pack.findings(bad, everything.provider, stack) if found.is_mandatory]
    assert {finding.rule for finding in findings} == {violation.rule}
    assert all(f"{intact.name!r}: " in finding.message for finding in findings)


def test_every_rule_is_shown_to_catch_something(pack: Pack) -> None:
    assert {violation.rule for violation in VIOLATIONS} == {rule.name for rule in pack.info().policies}


@pytest.mark.parametrize("name", ["AdministratorAccess", "PowerUserAccess", "AmazonSageMakerFullAccess"])
def test_no_broad_policy_is_attached_to_a_role_that_has_been_made_elsewhere(pack: Pack, name: str) -> None:
    type_ = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    attachment = Registered(type_, "broad", "urn", {"policyArn": f"arn:aws:iam::aws:policy/{name}"}, {})
    assert [finding.rule for finding in pack.findings([attachment], {})] == ["iam-attaches-no-broad-policy"]


def test_companions_of_a_bucket_are_found_by_its_name_where_it_is_plain_text(pack: Pack) -> None:
    bucket = Registered("aws:s3/bucket:Bucket", "photos", "urn:bucket", {"bucket": "photos"}, {})
    policy = Registered("aws:s3/bucketPolicy:BucketPolicy", "photos", "urn:policy", {"bucket": "photos"}, {})
    other = Registered("aws:s3/bucketPolicy:BucketPolicy", "others", "urn:policy", {"bucket": "others"}, {})
    assert "bucket-has-policy" not in {finding.rule for finding in pack.findings([], {}, [bucket, policy])}
    assert "bucket-has-policy" in {finding.rule for finding in pack.findings([], {}, [bucket, other])}


# --- What is not known at preview -------------------------------------------------------------------------------------


def test_rule_neither_passes_nor_fails_on_a_value_that_is_not_known(pack: Pack, everything: Stack) -> None:
    api = with_change(find(everything, "Api"), "corsConfiguration.allowOrigins", ["https://example.com", UNKNOWN])
    (finding,) = pack.findings([api], everything.provider)
    assert (finding.rule, finding.is_mandatory) == ("cors-names-origins", False)
    assert "allowOrigins.1 can't be known during preview" in finding.message


@pytest.mark.parametrize(
    ("which", "path"),
    [
        ("Distribution", "origins.0.originAccessControlId"),
        ("Distribution", "defaultCacheBehavior.responseHeadersPolicyId"),
        ("Stage", "accessLogSettings.destinationArn"),
        ("Bucket", "tags.project"),
    ],
)
def test_it_is_enough_that_a_value_is_there_where_the_rule_does_not_read_it(
    pack: Pack, everything: Stack, which: str, path: str
) -> None:
    resource = with_change(find(everything, which), path, UNKNOWN)
    assert pack.findings([resource], everything.provider) == []


# --- Exceptions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoints",
    [
        "[]",
        '[{"cloudfront": "http://192.0.2.1:4566"}]',
        '[{"cloudfront": "http://localhost.example.com"}]',
        '[{"sagemaker": "http://127.0.0.1:4567"}]',
    ],
)
def test_plain_http_is_for_emulators_on_the_same_machine_only(pack: Pack, see: See, endpoints: str) -> None:
    local = see("local")
    findings = pack.findings(local.resources, local.provider | {"endpoints": endpoints}, local.resources)
    assert {finding.rule for finding in findings} == {"distribution-answers-over-https-only"}
    assert all(finding.is_mandatory for finding in findings)


def test_longest_retention_is_a_setting_of_the_pack(everything: Stack) -> None:
    group = find(everything, "LogGroup")
    with running_pack() as pack:
        pack.configure("log-group-has-retention", {"mostDays": 60})
        (finding,) = pack.findings([group], everything.provider)
    assert "kept for 90 days. Set retentionInDays to at most 60." in finding.message


def test_every_rule_is_mandatory_and_says_what_it_is_for(pack: Pack) -> None:
    for rule in pack.info().policies:
        assert rule.enforcementLevel == 1, rule.name
        assert rule.severity, rule.name
        assert rule.description.split("\n")[0].endswith("."), rule.name
