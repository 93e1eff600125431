"""What the API answers with: msgspec structs as JSON, described in the OpenAPI document.

Requests are checked by Pydantic, where people's mistakes are told field by field. Answers are Aisle's own frozen
structs, encoded by msgspec (several times quicker, and what was journalled is what is answered); their schemas are put
into the OpenAPI document by `describe`, so that both halves of the contract are in one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

_REF = "#/components/schemas/{name}"
_VALIDATION = ("HTTPValidationError", "ValidationError")  # the framework's own shape, which Aisle never answers with


def answer(value: object, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(value), status, headers or None, media_type="application/json")


def holds(struct: type, description: str = "Done.", status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that answers with a struct."""
    schema = {"$ref": _REF.format(name=struct.__name__)}
    return {status: {"description": description, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI, structs: Sequence[type]) -> None:
    """Let the app's OpenAPI document know the structs it answers with, and nothing it does not."""

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
            for path in made["paths"].values():
                for operation in path.values():
                    operation["responses"].pop("422", None)  # told as a problem document, like every 4XX
            for name in _VALIDATION:
                schemas.pop(name, None)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
