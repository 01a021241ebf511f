"""The public HTTP API, and who may call the function behind it."""

from pulumi_policy import ResourceValidationArgs, Severity

from .documents import names_no_resource
from .rule import Complaints, is_set, known_first, properties, resource_rule, text

API = "aws:apigatewayv2/api:Api"
STAGE = "aws:apigatewayv2/stage:Stage"
DOMAIN_NAME = "aws:apigatewayv2/domainName:DomainName"
PERMISSION = "aws:lambda/permission:Permission"
THROTTLES = ("throttlingRateLimit", "throttlingBurstLimit")


@resource_rule(Severity.HIGH, STAGE)
def api_is_throttled(stage: ResourceValidationArgs) -> Complaints:
    """A stage limits its requests, in all routes and in each one that has settings of its own.

    Without a limit of its own, one API may use up what the account has for all.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
    """
    groups = {"defaultRouteSettings": properties(stage, "defaultRouteSettings")}
    for settings in stage.props.get("routeSettings", []):
        groups[f"route {settings['routeKey']!r}"] = settings
    for name, settings in groups.items():
        for throttle in THROTTLES:
            if not settings.get(throttle):
                yield f"{name} has no {throttle}. Set it to what the endpoint behind it can serve."


@resource_rule(Severity.MEDIUM, STAGE)
def api_has_access_logs(stage: ResourceValidationArgs) -> Complaints:
    """A stage logs who asked for what."""
    for setting in ("destinationArn", "format"):
        if not is_set(properties(stage, "accessLogSettings"), setting):
            yield f"accessLogSettings has no {setting}, so nobody can tell what happened. Add a log group and a format."


@resource_rule(Severity.HIGH, API)
def cors_names_origins(api: ResourceValidationArgs) -> Complaints:
    """CORS names the origins that may call, in every stack: even on a laptop the page's origin is known."""
    for origin in known_first(properties(api, "corsConfiguration").get("allowOrigins", [])):
        if origin in ("*", "http://*", "https://*"):
            yield f"the pages of every web site may call it ({origin!r}). Name the origins of your own."


@resource_rule(Severity.HIGH, DOMAIN_NAME)
def api_domain_has_modern_tls(domain: ResourceValidationArgs) -> Complaints:
    """A domain name of an API takes no TLS older than 1.2."""
    policy = properties(domain, "domainNameConfiguration").get("securityPolicy")
    if policy != "TLS_1_2":
        yield f"its security policy is {text(policy)}. Set it to TLS_1_2."


@resource_rule(Severity.HIGH, PERMISSION)
def permission_names_caller(permission: ResourceValidationArgs) -> Complaints:
    """A permission to invoke a function is for one caller: a service names the resource on whose behalf it calls.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    principal = permission.props["principal"]
    if principal == "*":
        yield "everybody may invoke the function. Name the principal."
    if not principal.endswith(".amazonaws.com"):
        return
    if not is_set(permission.props, "sourceArn"):
        yield f"{principal} may invoke the function for every AWS account. Set sourceArn."
    elif names_no_resource(permission.props["sourceArn"]):
        yield f"the sourceArn {permission.props['sourceArn']!r} names no resource. Name the one that calls."
