"""What the channels leave behind (``core/retention.py``).

The bytes of what came in and was processed, whose ledger row and message stay; and the desk's own mails that belong to
no conversation, once nothing is to be done about them any more.
"""

from typing import Final

from core.retention import Kind

RAW: Final = (
    Kind(
        name="originals of messages",
        table="inbound_raw",
        over="item_id in (select id from inbound_items where state = 'done' and received_at < :before)",
    ),
)
NOTICES: Final = (
    Kind(
        name="mails of no conversation",
        table="notices",
        over="changed_at < :before and state not in ('queued','sending')",
    ),
)
