"""The API's own domain: modern TLS, one stage, and where DNS must point to."""

from components.api_domain import ApiDomain
from tests.unit.recording import Resources, record


def made(targets: list[str]) -> Resources:
    def make() -> None:
        domain = ApiDomain(
            "domain",
            {
                "domain_name": "api.example.com",
                "certificate_arn": "arn:of:certificate",
                "api_id": "api-id",
                "stage_name": "$default",
            },
        )
        domain.target.apply(targets.append)

    return record(make)


def test_it_has_a_certificate_and_no_old_tls() -> None:
    domain = made([]).one(":DomainName")
    assert domain["domainName"] == "api.example.com"
    assert domain["domainNameConfiguration"] == {
        "certificateArn": "arn:of:certificate",
        "endpointType": "REGIONAL",
        "securityPolicy": "TLS_1_2",
    }


def test_it_leads_to_one_stage_of_the_api() -> None:
    mapping = made([]).one(":ApiMapping")
    assert (mapping["apiId"], mapping["stage"], mapping["domainName"]) == ("api-id", "$default", "api.example.com")


def test_it_tells_where_its_dns_record_must_point_to() -> None:
    targets: list[str] = []
    made(targets)
    assert targets == ["d-1.execute-api.test"]
