"""Log lines: for people in a terminal, JSON otherwise.  No request's parameters, headers or bodies are ever logged."""

from __future__ import annotations

import logging
import sys

import msgspec

from keystead.clock import iso


class _Human(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = f"{iso(record.created)} {record.levelname.lower():7} {record.name}: {record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": iso(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def configure(style: str, level: str) -> None:
    """Send every log line to standard error.  style: human, json, or auto (human when that is a terminal)."""
    human = style == "human" or (style == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Human() if human else _Json())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(noisy).handlers[:] = []
        logging.getLogger(noisy).setLevel("WARNING")
    logging.getLogger("alembic").setLevel("WARNING")
    logging.getLogger("httpx").setLevel(
        "WARNING"
    )  # it tells whole addresses, and a webhook's may be what admits a caller
