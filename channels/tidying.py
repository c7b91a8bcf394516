"""The bytes of what came in and was processed; the ledger's row and the message stay (``core/retention.py``)."""

from typing import Final

from core.retention import Kind

RAW: Final = (
    Kind(
        name="originals of messages",
        table="inbound_raw",
        over="item_id in (select id from inbound_items where state = 'done' and received_at < :before)",
    ),
)
