"""The API against its own description: whatever is sent, the answer is one the document announces, and no 500."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from aisle.web.app import create_app
from aisle.web.keys import Role
from web.shop_kit import COLA, Kit, open_kit

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDLESS = "/v1/visits/{visit_id}/basket/stream"
EXAMPLES = 12


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    with tempfile.TemporaryDirectory() as var, open_kit(Path(var)) as kit:
        yield kit


@pytest.fixture(scope="module")
def operations(kit: Kit) -> dict[str, APIOperation]:
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(kit.shop.backend)).exclude(path=ENDLESS)
    found = [result.ok() for result in schema.get_all_operations()]
    return {operation.label: operation for operation in found}


def test_every_operation_takes_whatever_comes(kit: Kit, operations: dict[str, APIOperation]) -> None:
    customer_id, phone = kit.customer()
    visit_id = kit.enter(customer_id, phone)
    kit.revise(visit_id, kit.line("a", COLA))
    known = {"visit_id": visit_id, "customer_id": customer_id, "gtin": COLA}
    key = {"Authorization": f"Bearer {kit.keys[Role.OPERATOR]}"}
    for operation in operations.values():

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate(headers={**(case.headers or {}), **key}, checks=CHECKS)
            case.path_parameters = {**(case.path_parameters or {}), **known}
            case.call_and_validate(headers={**(case.headers or {}), **key}, checks=CHECKS)

        check()


def test_the_description_names_every_route_and_its_key(kit: Kit) -> None:
    document = kit.client.get("/openapi.json").json()
    secured = {
        path: {method: bool(operation.get("security")) for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    open_routes = sorted(path for path, methods in secured.items() if not all(methods.values()))
    assert open_routes == ["/health", "/v1/webhooks/payments"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
