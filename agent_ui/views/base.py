"""What all shapes of the agents' API share."""

from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.params import PathParameter

from core.errors import Invalid

T = TypeVar("T")

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
ShortText = Annotated[str, msgspec.Meta(max_length=1000)]
Html = Annotated[str, msgspec.Meta(max_length=1_000_000)]
EmailText = Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
PathId = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]
"""An id in a path; what can be no id is not found (``agent_ui/problems.py``)."""
Revision = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
IdList = Annotated[list[Id], msgspec.Meta(max_length=100)]


class View(msgspec.Struct, rename="camel", kw_only=True):
    """Base of what is sent."""


class Input(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Base of what is taken: a field that we do not know is refused, so a slip of the pen is not ignored."""


class Page(View, Generic[T]):
    """Some items and the key of the next page, or null."""

    items: list[T]
    next: str | None


class Named(View):
    """A thing with a name."""

    id: int
    name: str


def given(data: msgspec.Struct) -> dict[str, Any]:
    """The fields of an input that were sent, by their Python names."""
    fields = {name: getattr(data, name) for name in data.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


def version_of(if_match: str | None) -> int | None:
    """The version in an ``If-Match`` header such as ``"v12"``; None when there is none, or any will do (``*``).

    Raises:
        Invalid: it is not a version of ours.
    """
    tag = (if_match or "").strip().removeprefix("W/").strip('"')
    if tag in ("", "*"):
        return None
    if not (tag[:1] == "v" and tag[1:].isascii() and tag[1:].isdecimal() and len(tag) < 20):
        raise Invalid.field("If-Match", "This is not a version of ours.")
    return int(tag[1:])


def etag(version: int) -> dict[str, str]:
    """The header that names a version."""
    return {"ETag": f'"v{version}"'}
