"""The addresses of the data planes."""

from __future__ import annotations

import re
from typing import NamedTuple

from keystead.gateway.faults import Plane

_COMPATIBLE = ("/compatible-mode/v1/", "/v1/", "/compatible-api/v1/")
PREFIXES = ("/api/v1/", *_COMPATIBLE, "/v2/app/completions", "/api/v2/apps/")
_ID = r"[A-Za-z0-9_-]{1,64}"
_APPLICATION = re.compile(rf"/api/v1/apps/({_ID})/completion")
_AGENT = re.compile(rf"/api/v2/apps/agent/({_ID})/compatible-mode/v1/responses")
_TASK = re.compile(r"/api/v1/tasks(?:/([A-Za-z0-9_.-]{1,128})(?:/cancel)?)?")
_RESPONSE = re.compile(r"responses/[^/]{1,128}(?:/cancel)?")
_FILE = re.compile(r"files(?:/([A-Za-z0-9_-]{1,64})(/content)?)?")
_SERVICES = "/api/v1/services/"

_FIXED = {
    ("POST", _SERVICES + "aigc/text-generation/generation"): "generation",
    ("POST", _SERVICES + "aigc/multimodal-generation/generation"): "multimodal",
    ("POST", _SERVICES + "embeddings/text-embedding/text-embedding"): "embeddings",
    ("POST", _SERVICES + "rerank/text-rerank/text-rerank"): "rerank",
    ("GET", "/api/v1/models"): "models",
    ("POST", "/api/v1/tokens"): "tokens",
    ("GET", "/api/v1/uploads"): "uploads",
    ("POST", "/v2/app/completions"): "legacy",
}
_SAME = {
    ("POST", "chat/completions"): "chat",
    ("POST", "completions"): "completions",
    ("POST", "embeddings"): "vectors",
    ("POST", "responses"): "responses",
    ("POST", "reranks"): "ranks",
    ("POST", "rerank"): "ranks",
    ("GET", "models"): "model list",
}


class Route(NamedTuple):
    """What an address means.  name: empty for nothing.  id: the application, model or task in the path."""

    plane: Plane
    name: str
    id: str = ""


def serves(path: str) -> bool:
    """Whether an address belongs to the gateway."""
    return path.startswith(PREFIXES)


def plane_of(path: str) -> Plane:
    """Whose envelope a refusal gets."""
    if path.startswith("/v2/"):
        return Plane.LEGACY
    return Plane.COMPATIBLE if path.startswith((*_COMPATIBLE, "/api/v2/")) else Plane.NATIVE


def find(method: str, path: str) -> Route:
    """The route of a request."""
    plane = plane_of(path)
    path = path.rstrip("/")
    name = _FIXED.get((method, path))
    if name is not None:
        return Route(plane, name)
    for prefix in _COMPATIBLE:
        if path.startswith(prefix):
            return _compatible(plane, method, path.removeprefix(prefix))
    if path.startswith("/api/v1/files"):
        return _file(plane, method, path.removeprefix("/api/v1/"))
    found = _APPLICATION.fullmatch(path)
    if found and method == "POST":
        return Route(plane, "application", found[1])
    found = _AGENT.fullmatch(path)
    if found and method == "POST":
        return Route(plane, "agent", found[1])
    found = _TASK.fullmatch(path)
    if found:
        return Route(plane, "task", found[1] or "")
    return Route(plane, "")


def _compatible(plane: Plane, method: str, rest: str) -> Route:
    name = _SAME.get((method, rest))
    if name is not None:
        return Route(plane, name)
    if method == "GET" and rest.startswith("models/"):
        return Route(plane, "one model", rest.removeprefix("models/"))
    if rest.startswith("files"):
        return _file(plane, method, rest)
    if _RESPONSE.fullmatch(rest):
        return Route(plane, "task", rest)
    return Route(plane, "")


def _file(plane: Plane, method: str, rest: str) -> Route:
    """`files` takes POST and GET, a file GET and DELETE, its content GET."""
    found = _FILE.fullmatch(rest)
    if found is None or method not in (("GET",) if found[2] else ("GET", "DELETE") if found[1] else ("GET", "POST")):
        return Route(plane, "")
    return Route(plane, "file content" if found[2] else "files", found[1] or "")
