"""What customers leave behind when they sign in (``core/retention.py``)."""

from typing import Final

from core.retention import Kind

TOKENS: Final = (
    Kind(name="sign-in links", table="customer_signin_links", over="created_at < :before"),
    Kind(name="sign-ins of customers", table="customer_sessions", over="expires_at < :before"),
)
