"""What the API answers with: msgspec structs as JSON, described in the OpenAPI document.

Requests are checked by Pydantic, where people's mistakes are told field by field. Answers are Aisle's own frozen
structs, encoded by msgspec (several times quicker, and what was journalled is what is answered); their schemas are put
into the OpenAPI document by `describe`, so that both halves of the contract are in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

_CARRIES_KEY = "authorization"
_REF = "#/components/schemas/{name}"
_VALIDATION = ("HTTPValidationError", "ValidationError")  # the framework's own shape, which Aisle never answers with


def answer(value: object, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(value), status, headers or None, media_type="application/json")


def holds(struct: Any, description: str = "Done.", status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that answers with a struct."""
    (schema,), _ = msgspec.json.schema_components([struct], ref_template=_REF)
    return {status: {"description": description, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI, structs: Sequence[type], schemes: Mapping[str, Any]) -> None:
    """Let the app's OpenAPI document know the structs it answers with, its keys, and nothing it does not do."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            _, components = msgspec.json.schema_components(structs, ref_template=_REF)
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(components)
            made["components"]["securitySchemes"] = dict(schemes)
            for path in made["paths"].values():
                for operation in path.values():
                    operation["responses"].pop("422", None)  # told as a problem document, like every 4XX
                    named = [p for p in operation.get("parameters", []) if p["name"] != _CARRIES_KEY]
                    if len(named) < len(operation.get("parameters", [])):
                        operation["parameters"] = named
                        operation["security"] = [{name: []} for name in schemes]
            for name in _VALIDATION:
                schemas.pop(name, None)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
