"""What our own people leave behind when they sign in (``core/retention.py``)."""

from typing import Final

from core.retention import Kind

TOKENS: Final = (
    Kind(name="sign-ins of agents", table="sessions", over="expires_at < :before"),
    Kind(name="tries to sign in", table="login_attempts", over="at < :before"),
)
