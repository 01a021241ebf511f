"""MiniStack as the harness runs it: IAM enforced (``AUTH=true``) also where MiniStack itself does not look.

With ``AUTH=true`` MiniStack checks the callers of its own APIs. It does not check what AWS's services may do to
each other, and a permission that nothing checks could be missing without anybody noticing. So this file wraps
those functions of MiniStack, whose version is pinned, in which AWS does check:

* API Gateway calls a function only where the function's resource policy lets it.
* Lambda takes a role only if it can assume it, and active tracing only with a role that may send traces.
* Lambda writes a function's lines with the function's role; without permission they are lost.
* CloudWatch tells a topic of an alarm only where the topic's policy lets it publish.
* ``SimulatePrincipalPolicy`` evaluates conditions with the ``ContextEntries`` that it was given.

With or without ``AUTH``:

* Loopback counts as TLS where a policy asks for ``aws:SecureTransport``.
* An HTTP API writes the access log of its stage, and a request has one id: in the function's event, in the log and
  in the answer.
* Web pages are kept out of everything but the APIs and sites that are made for them.
* The caller of an HTTP API reads no more about a function that failed than on AWS.

It is started as a file, not as a module, because MiniStack's working directory is not the project.
"""

import base64
import contextvars
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import ministack.app
from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, _gather_role_policies, evaluate, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope

Answer = tuple[int, dict[str, str], bytes]

SENDS_TRACES = ("PutTraceSegments", "PutTelemetryRecords")

# What an HTTP API says when its function does not.
INTERNAL_SERVER_ERROR = '{"message":"Internal Server Error"}'

log = logging.getLogger("harness.ministack")

_request_is_plain = contextvars.ContextVar("request_is_plain", default=False)
# What an access log may say of the HTTP API's request at hand, by the names of the context variables.
_api_request = contextvars.ContextVar[dict[str, str] | None]("api_request", default=None)
_context_entries: contextvars.ContextVar[Mapping[str, str] | None] = contextvars.ContextVar("entries", default=None)


def main() -> None:
    count_loopback_as_tls()
    keep_web_pages_out()
    log_api_requests()
    keep_function_errors_private()
    if ministack.app.AUTH:
        check_api_gateway()
        check_execution_roles()
        check_function_logs()
        check_alarm_actions()
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


def keep_web_pages_out() -> None:
    """Refuse what a web page made a browser on this machine send to AWS's APIs.

    MiniStack checks no signature and grants every preflight request, so any page that is open while the stack runs
    could create a function here, and call it: code of a stranger's choice. What visitors use stays open, as on AWS:
    an API decides by its own CORS settings.
    """
    application = ministack.app.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers", ())}
        if scope["type"] == "lifespan" or not _is_sent_by_a_page(headers, scope["path"]):
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            content_type = (b"content-type", b"text/plain")
            await send({"type": "http.response.start", "status": 403, "headers": [content_type]})
            await send({"type": "http.response.body", "body": b"Web pages may not use AWS's APIs on this machine.\n"})

    ministack.app.app = app


def _is_sent_by_a_page(headers: Mapping[str, str], path: str) -> bool:
    """By what browsers say of a request (https://www.w3.org/TR/fetch-metadata/, RFC 6454).

    With DNS rebinding a page has the origin that it sends to, but then that has a name of the public DNS.
    """
    host = headers.get("host", "")
    # MiniStack's own paths, which reset or configure it, answer under every host name.
    if _is_for_visitors(host) and not path.startswith("/_"):
        return False
    if not _is_private_name(urlsplit(f"//{host}").hostname or ""):
        return True
    origin = headers.get("origin")
    return headers.get("sec-fetch-site") in ("cross-site", "same-site") or (
        origin is not None and urlsplit(origin).netloc != host
    )


def _is_for_visitors(host: str) -> bool:
    """Whether a host name is that of an API, or of a distribution."""
    is_api = ministack.app._EXECUTE_API_RE.match(host) or ministack.app._resolve_custom_domain_request(host, "/")
    return bool(is_api or ministack.app._parse_cloudfront_dataplane_host(host))


def _is_private_name(host: str) -> bool:
    """Whether a host is an IP address, or a name that no public DNS server answers for."""
    if "." not in host or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def log_api_requests() -> None:
    """Write one line into the log group of the stage for each request, as its format says; ``-`` for what is unknown.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    """
    from ministack.services import apigateway

    execute: Callable[..., Awaitable[Answer]] = apigateway.handle_execute
    invoke: Callable[..., Awaitable[Answer]] = apigateway._invoke_lambda_proxy

    async def logged(api_id: str, stage: str, *request: Any, **more: Any) -> Answer:
        started = time.monotonic()
        said = {
            "requestId": base64.b64encode(os.urandom(11)).decode(),
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "identity.sourceIp": "127.0.0.1",
        }
        before = _api_request.set(said)
        try:
            status, headers, body = await execute(api_id, stage, *request, **more)
        finally:
            _api_request.reset(before)
        headers["apigw-requestid"] = said["requestId"]
        milliseconds = round((time.monotonic() - started) * 1000)
        said |= {"status": str(status), "responseLength": str(len(body)), "responseLatency": str(milliseconds)}
        _write_access_log(api_id, stage, said)
        return status, headers, body

    async def timed(*request: Any, **more: Any) -> Answer:
        started = time.monotonic()
        answer = await invoke(*request, **more)
        said = _api_request.get() or {}
        said |= {"routeKey": request[8], "integrationLatency": str(round((time.monotonic() - started) * 1000))}
        return answer

    def request_id() -> str:
        said = _api_request.get()
        return said["requestId"] if said else new_uuid()

    apigateway.handle_execute, apigateway._invoke_lambda_proxy = logged, timed
    apigateway.new_uuid = request_id


def _write_access_log(api_id: str, stage: str, said: Mapping[str, str]) -> None:
    from ministack.services import apigateway, cloudwatch_logs

    owner = apigateway.find_api_scope(api_id)
    if owner is None:  # the API was deleted while it answered
        return
    with request_scope(*owner):
        settings = apigateway._stages.get(api_id, {}).get(stage, {}).get("accessLogSettings") or {}
        group = settings.get("destinationArn", "").removesuffix(":*").rpartition(":log-group:")[2]
        if group not in cloudwatch_logs._log_groups:
            return
        line = re.sub(r"\$context\.([A-Za-z.]+)", lambda name: said.get(name[1], "-"), settings.get("format", ""))
        stream = {"logGroupName": group, "logStreamName": api_id}
        cloudwatch_logs._create_log_stream(stream)  # refused if it exists
        event = {"timestamp": int(time.time() * 1000), "message": line}
        cloudwatch_logs._put_log_events({**stream, "logEvents": [event]})


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
