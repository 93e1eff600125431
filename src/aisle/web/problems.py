"""Errors as problem documents (RFC 9457): one shape for everything that can go wrong, from any room.

`type` is `urn:aisle:problem:<code>`, stable for programs; `title` says the same in words; `detail` is for people;
`found` and `expected` say what came and what would be right; `faults` lists them by field for a body with several.
"""

from __future__ import annotations

import http
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
LONGEST_SHOWN = 200  # characters of a rejected value


class Fault(BaseModel):
    """One thing wrong with a request."""

    pointer: str = Field(description="Where: a JSON pointer into the body, or `query/limit`, `path/visit_id`, …")
    found: str
    expected: str


class ProblemDocument(BaseModel):
    """What an error answer holds."""

    type: str = Field(examples=["urn:aisle:problem:code_expired"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was asked for.")
    found: str | None = None
    expected: str | None = None
    faults: list[Fault] = []


class ProblemError(Exception):
    """Raised by routes; told by the handler below."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        found: str | None = None,
        expected: str | None = None,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.found = found
        self.expected = expected
        self.faults = faults
        self.headers = headers


def problem_response(request: Request, problem: ProblemError) -> Response:
    """The answer that tells a problem."""
    document: dict[str, Any] = {
        "type": f"urn:aisle:problem:{problem.code}",
        "title": title(problem.code),
        "status": problem.status,
        "detail": str(problem),
        "instance": request.url.path,
    }
    if problem.found is not None:
        document["found"] = problem.found
    if problem.expected is not None:
        document["expected"] = problem.expected
    if problem.faults:
        document["faults"] = [fault.model_dump() for fault in problem.faults]
    headers = dict(problem.headers or {})
    return Response(msgspec.json.encode(document), problem.status, headers, media_type=MEDIA_TYPE)


def title(code: str) -> str:
    """A code in words: `code_expired` is "Code expired"."""
    return code.replace("_", " ").capitalize()


def shown(value: object) -> str:
    """A rejected value as an error may repeat it: short, and never a lone surrogate that no encoder takes."""
    text = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"


def tell_problems(app: FastAPI) -> None:
    """Let `app` answer with problem documents: its own, the framework's, and bodies that do not fit their schema."""

    async def own(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return problem_response(request, error)

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = http.HTTPStatus(error.status_code).name.lower()
        return problem_response(
            request, ProblemError(error.status_code, code, str(error.detail), headers=error.headers)
        )

    async def unfit(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = [_fault(entry) for entry in error.errors()]
        detail = "; ".join(f"{fault.pointer}: {fault.expected}" for fault in faults[:3])
        return problem_response(request, ProblemError(422, "request_invalid", detail, faults=faults))

    app.add_exception_handler(ProblemError, own)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, unfit)


def _fault(entry: Mapping[str, Any]) -> Fault:
    where, *rest = [str(part) for part in entry["loc"]] or ["body"]
    place = "/".join(rest)
    pointer = f"/{place}" if where == "body" else f"{where}/{place}"
    found = "nothing" if entry["type"] == "missing" else shown(entry.get("input", ""))
    return Fault(pointer=shown(pointer), found=found, expected=str(entry["msg"]))


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "The request cannot be met; the document says why.",
        "model": ProblemDocument,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
    }
}
