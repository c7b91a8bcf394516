"""What stands below an answer: the signatures of agent and mailbox, and the mark that finds its ticket again.

Part of sending, used by ``channels/email/outbox`` and the mails to agents. Pure.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from core.html import html_to_text, sanitise, text_to_html
from tickets import templates

_CUT: Final = "-- \n"
"""What mail programs know the start of a signature by (RFC 3676, section 4.3)."""
_SMALL: Final = 'style="font-size:10px;color:#8c8c8c"'


class Body(NamedTuple):
    """A mail's two forms; without HTML it is of plain text only."""

    text: str
    html: str


_NOTHING: Final = Body("", "")


def signature(parts: Sequence[str], values: templates.Values) -> str:
    """Signatures as one piece of safe HTML; empty when there is none.

    A variable that nothing is known for is left out: nobody looks at a signature before it is sent.

    Args:
        parts: templates in HTML or plain text: the agent's, the mailbox's.
        values: what they can name.
    """
    filled = (_filled(part, values) for part in parts if part.strip())
    return "".join(f"<div>{part}</div>" for part in filled if html_to_text(part).strip() or "<img" in part)


def _filled(part: str, values: templates.Values) -> str:
    if "<" in part:
        return sanitise(templates.without_unknown(part, values, html=True))
    return text_to_html(templates.without_unknown(part, values, html=False))


def closed(body: Body, signed: str, mark: str, quoted: Body = _NOTHING) -> Body:
    """The body with signature, quote and mark below it.

    Args:
        body: what was written.
        signed: result of :func:`signature`.
        mark: ``ref:t1001.…``; empty for none.
        quoted: what is passed on.
    """
    text, html = body.text.rstrip(), body.html
    if quoted.text:  # before the signature: programs hide what stands below its mark
        text = f"{text}\n\n{quoted.text.strip()}".lstrip()
    if signed:
        text += f"\n\n{_CUT}{html_to_text(signed)}"
    if mark:
        text += f"\n\n{mark}"
    if html or quoted.html:
        html += f"<div>-- <br></div>{signed}" if signed else ""
        html += quoted.html
        html += f"<p {_SMALL}>{mark}</p>" if mark else ""
    return Body(text + "\n", html)
