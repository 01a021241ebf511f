"""An HTTP API writes the access log of its stage, and a request has one id: in the event, in the log, in the answer."""

import base64
import contextvars
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.core.responses import new_uuid, request_scope

from harness.aws_emulator.answer import Answer

# What an access log may say of the HTTP API's request at hand, by the names of the context variables.
_api_request = contextvars.ContextVar[dict[str, str] | None]("api_request", default=None)


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
