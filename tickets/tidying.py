"""What tickets leave behind: guest links that have ended, files that no message ever took (``core/retention.py``).

A picture in a signature or canned reply is of no message and stays. Files of a conversation that was begun and not
sent look abandoned, as its draft is on the agent's device alone; hence the long time (``SAMPARK_UPLOAD_DAYS``).
"""

from typing import Final

from core.retention import Kind

TOKENS: Final = (
    Kind(name="guest links", table="guest_links", over="least(expires_at, revoked_at) < :before"),
)  # fmt: skip
UPLOADS: Final = (
    Kind(
        name="abandoned uploads",
        table="attachments",
        over="""message_id is null and draft_id is null and created_at < :before
            and not exists (select 1 from agents where signature like '%/api/attachments/' || attachments.id || '"%')
            and not exists (select 1 from macros where html like '%/api/attachments/' || attachments.id || '"%')""",
        file="storage_key",
    ),
)
