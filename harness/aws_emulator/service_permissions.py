"""What AWS's services may do to each other; IAM decides.

MiniStack checks the callers of its own APIs, and not this. A permission that nothing checks could be missing without
anybody noticing.

* API Gateway calls a function only where the function's resource policy lets it.
* Lambda takes a role only if it can assume it, and active tracing only with a role that may send traces.
* Lambda writes a function's lines with the function's role; without permission they are lost.
* CloudWatch tells a topic of an alarm only where the topic's policy lets it publish.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.core.iam_evaluator import EvalContext, _gather_role_policies, evaluate, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region

from harness.aws_emulator.answer import INTERNAL_SERVER_ERROR, Answer
from harness.aws_emulator.log_limits import log_group_of

SENDS_TRACES = ("PutTraceSegments", "PutTelemetryRecords")

log = logging.getLogger(__name__)


def check_api_gateway() -> None:
    """Refuse the call of a function whose resource policy does not let this route of this API in.

    The caller reads 500, as on AWS:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
    """
    from ministack.services import apigateway, lambda_svc

    invoke: Callable[..., Awaitable[Answer]] = apigateway._invoke_lambda_proxy

    async def checked(
        integration: dict[str, Any],
        api_id: str,
        stage: str,
        path: str,
        method: str,
        headers: Any,
        body: Any,
        query: Any,
        route_key: str,
        *more: Any,
        **scope: Any,
    ) -> Answer:
        account, region = scope["owner_account_id"], scope["owner_region"]
        called = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
        function, config, _ = lambda_svc._get_func_record_for_ref_in_scope(called, account_id=account, region=region)
        route = f"arn:aws:execute-api:{region}:{account}:{api_id}/{stage}/{route_key.replace(' ', '')}"
        if function and not _allows_service(
            "apigateway.amazonaws.com", "lambda:InvokeFunction", config["FunctionArn"], function["policy"], route
        ):
            _log_refusal(route, "lambda:InvokeFunction", config["FunctionArn"])
            return 500, {"Content-Type": "application/json"}, INTERNAL_SERVER_ERROR.encode()
        return await invoke(integration, api_id, stage, path, method, headers, body, query, route_key, *more, **scope)

    apigateway._invoke_lambda_proxy = checked


def check_execution_roles() -> None:
    """Refuse to create or change a function whose role Lambda cannot use for what is asked.

    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html names the permissions for tracing.
    """
    from ministack.services import lambda_svc

    create, update = lambda_svc._create_function, lambda_svc._update_config

    def refusal(role: str, tracing: Mapping[str, str] | None) -> Any:
        if not _lambda_can_assume(role):
            return refuse("The role defined for the function cannot be assumed by Lambda.")
        for action in SENDS_TRACES if tracing and tracing.get("Mode") == "Active" else ():
            if not _role_may(role, f"xray:{action}", "*"):
                return refuse(f"The provided execution role does not have permissions to call {action} on XRAY")
        return None

    def refuse(message: str) -> Any:
        return lambda_svc.error_response_json("InvalidParameterValueException", message, 400)

    def checked_create(data: dict[str, Any]) -> Any:
        return refusal(data.get("Role", ""), data.get("TracingConfig")) or create(data)

    def checked_update(name: str, data: dict[str, Any]) -> Any:
        new = {**lambda_svc._functions.get(name, {}).get("config", {}), **data}
        return refusal(new.get("Role", ""), new.get("TracingConfig")) or update(name, data)

    lambda_svc._create_function, lambda_svc._update_config = checked_create, checked_update


def check_function_logs() -> None:
    """Lose the lines of a function whose role may not write them; the call itself succeeds, as on AWS."""
    from ministack.services import lambda_svc

    emit = lambda_svc._emit_lambda_logs

    def checked(func: dict[str, Any], *args: Any, **more: Any) -> None:
        config = func.get("config") or func
        group = log_group_of(config)
        region, account = config["FunctionArn"].split(":")[3:5]
        # What CloudWatch Logs checks both actions against.
        stream = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            if not _role_may(config["Role"], action, stream):
                _log_refusal(config["Role"], action, stream)
                return
        emit(func, *args, **more)

    lambda_svc._emit_lambda_logs = checked


def check_alarm_actions() -> None:
    """Tell no topic of an alarm whose policy does not let CloudWatch publish for that alarm; the alarm goes off anyway.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    from ministack.services import cloudwatch, sns

    dispatch = cloudwatch._dispatch_alarm_actions

    def may_tell(topic: str, alarm: str) -> bool:
        allowed = bool(sns.topic_policy_allows(topic, "cloudwatch.amazonaws.com", alarm, get_account_id()))
        if not allowed:
            _log_refusal(alarm, "sns:Publish", topic)
        return allowed

    def checked(alarm: dict[str, Any], *more: Any) -> None:
        told = {
            kind: [topic for topic in alarm.get(kind) or () if may_tell(topic, alarm["AlarmArn"])]
            for kind in ("AlarmActions", "OKActions", "InsufficientDataActions")
        }
        dispatch({**alarm, **told}, *more)

    cloudwatch._dispatch_alarm_actions = checked


def _role_may(role_arn: str, action: str, resource: str) -> bool:
    """Whether the policies of a role allow an action."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    context = _context(role_arn, action, resource)
    return bool(evaluate(context, _gather_role_policies(name, account)).decision == "Allow")


def _lambda_can_assume(role_arn: str) -> bool:
    from ministack.services import iam

    role = iam._roles.get_scoped(role_arn.split(":")[4], None, role_arn.rsplit("/", 1)[-1])
    trust = role and role["AssumeRolePolicyDocument"]
    return _allows_service("lambda.amazonaws.com", "sts:AssumeRole", role_arn, trust)


def _allows_service(service: str, action: str, resource: str, policy: Any, source_arn: str | None = None) -> bool:
    """Whether a resource's policy lets an AWS service do something on behalf of ``source_arn``."""
    context = _context("*", action, resource)
    if source_arn:
        context.service_context["aws:sourcearn"] = source_arn
    return bool(evaluate_resource_policy(policy, context, service=service).decision == "Allow")


def _context(principal: str, action: str, resource: str) -> EvalContext:
    return EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=get_account_id(),
        action=action,
        resource_arn=resource,
        region=get_region(),
    )


def _log_refusal(who: str, action: str, resource: str) -> None:
    log.warning("AccessDenied: %s is not authorized to perform: %s on resource: %s", who, action, resource)
