"""What may be said of where a device is: addresses hold passwords, and messages, logs and recordings are passed on."""

from __future__ import annotations

from urllib.parse import urlsplit


def shown(source: str) -> str:
    """The source as it may be told: of a URL only scheme, host and port, for cameras take passwords anywhere else."""
    if "://" not in source:
        return source
    try:
        parts = urlsplit(source)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return source.split("://", 1)[0] + "://…"
    place = f"{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    return f"{parts.scheme}://{place}{'/…' if rest else ''}"
