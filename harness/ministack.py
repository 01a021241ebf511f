"""MiniStack as the harness runs it: IAM enforced (``AUTH=true``) also where MiniStack itself does not look.

With ``AUTH=true`` MiniStack checks the callers of its own APIs. It does not check what AWS's services may do to
each other, and a permission that nothing checks could be missing without anybody noticing. So this file wraps
those functions of MiniStack, whose version is pinned, in which AWS does check:

* API Gateway calls a function only where the function's resource policy lets it.
* Lambda takes a role only if it can assume it, and active tracing only with a role that may send traces.
* Lambda writes a function's lines with the function's role; without permission they are lost.
* ``SimulatePrincipalPolicy`` evaluates conditions with the ``ContextEntries`` that it was given.

With or without ``AUTH``, loopback counts as TLS where a policy asks for ``aws:SecureTransport``; the caller of an HTTP
API reads no more about a function that failed than on AWS, and reads it as soon.

It is started as a file, not as a module, because MiniStack's working directory is not the project.
"""

import contextvars
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import ministack.app
from ministack.core import iam_evaluator, lambda_runtime
from ministack.core.iam_evaluator import EvalContext, _gather_role_policies, evaluate, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region

Answer = tuple[int, dict[str, str], bytes]

SENDS_TRACES = ("PutTraceSegments", "PutTelemetryRecords")

# For a function to end by itself after its timeout. With MiniStack's 2 s, one that hangs for its 29 s would be answered
# after the 30 s of an HTTP API.
OVERDUE_SECONDS = 0.3

# What an HTTP API says when its function does not.
INTERNAL_SERVER_ERROR = '{"message":"Internal Server Error"}'

log = logging.getLogger("harness.ministack")

_request_is_plain = contextvars.ContextVar("request_is_plain", default=False)
_context_entries: contextvars.ContextVar[Mapping[str, str] | None] = contextvars.ContextVar("entries", default=None)


def main() -> None:
    count_loopback_as_tls()
    keep_function_errors_private()
    lambda_runtime._REAP_GRACE = OVERDUE_SECONDS
    if ministack.app.AUTH:
        check_api_gateway()
        check_execution_roles()
        check_function_logs()
        simulate_with_context()
    ministack.app.main()


def count_loopback_as_tls() -> None:
    """Make ``aws:SecureTransport`` true, so that a policy that demands TLS does not shut out the laptop.

    What it demands is that nobody between the two ends can read; on loopback nobody can. MiniStack would say
    false of every request, also of CloudFront's to S3, and ``Deny`` would take the page away. A request that
    says of itself ``X-Forwarded-Proto: http`` is taken at its word (with IAM enforced).
    """
    iam_evaluator._request_origin = contextvars.ContextVar("request_origin", default=("127.0.0.1", True))
    application = ministack.app.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        _request_is_plain.set((b"x-forwarded-proto", b"http") in scope.get("headers", ()))
        await application(scope, receive, send)

    def pin(source_ip: str, _secure_transport: bool) -> None:
        iam_evaluator.pin_request_origin(source_ip, not _request_is_plain.get())

    ministack.app.app, ministack.app.pin_request_origin = app, pin


def keep_function_errors_private() -> None:
    """Answer as an HTTP API does when its function crashes, times out or cannot start: 500, and nothing about why.

    MiniStack answers 502 with Lambda's error, which holds what the function's process printed.
    https://repost.aws/knowledge-center/api-gateway-internal-server-error
    """
    from ministack.services import lambda_svc

    convert = lambda_svc.lambda_execute_result_to_api_proxy_response

    def private(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        if result.get("error") and not result.get("throttle"):
            return {"statusCode": 500, "body": INTERNAL_SERVER_ERROR}, None
        answer: tuple[dict[str, Any] | None, str | None] = convert(result)
        return answer

    lambda_svc.lambda_execute_result_to_api_proxy_response = private


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
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        region, account = config["FunctionArn"].split(":")[3:5]
        # What CloudWatch Logs checks both actions against.
        stream = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            if not _role_may(config["Role"], action, stream):
                _log_refusal(config["Role"], action, stream)
                return
        emit(func, *args, **more)

    lambda_svc._emit_lambda_logs = checked


def simulate_with_context() -> None:
    """Let ``SimulatePrincipalPolicy`` know the context keys that its caller gives, one value for each.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    from ministack.services import iam

    resolve, simulate = iam_evaluator._resolve_condition_key, iam._simulate_principal_policy

    def resolve_in_context(key: str, context: EvalContext) -> Any:
        return (_context_entries.get() or {}).get(key.lower()) or resolve(key, context)

    def simulate_in_context(parameters: dict[str, Any]) -> Any:
        entries, number = {}, 1
        while name := iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyName"):
            value = iam._p(parameters, f"ContextEntries.member.{number}.ContextKeyValues.member.1")
            entries[name.lower()] = value
            number += 1
        before = _context_entries.set(entries)
        try:
            return simulate(parameters)
        finally:
            _context_entries.reset(before)

    iam_evaluator._resolve_condition_key = resolve_in_context
    iam._IAM_HANDLERS["SimulatePrincipalPolicy"] = simulate_in_context


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


if __name__ == "__main__":
    main()
