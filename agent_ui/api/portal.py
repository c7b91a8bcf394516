"""What customers see, to be set by administrators: brands, and the topics of the request form."""

from typing import Annotated, Final

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, JSONBody

from agent_ui import files
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.limits import allow
from agent_ui.views.base import PathId
from agent_ui.views.portal import (
    BrandInput,
    BrandView,
    RequestTopicInput,
    RequestTopicView,
    TopicOrderInput,
    brand_draft,
    brand_view,
    topic_draft,
    topic_view,
)
from channels.email import connect
from channels.web import topics
from core import brands
from core.errors import Invalid
from core.sniff import sniff
from tickets import lifecycle

MANAGE: Final = "portal:manage"
LARGEST_LOGO: Final = 512 * 1024
LOGO_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/svg+xml"})


class LogoForm(msgspec.Struct, forbid_unknown_fields=True):
    """A form with one picture."""

    file: UploadFile


class BrandController(Controller):
    """Brands of the portal: one for each host, and the desk's own for all others."""

    path = "/brands"
    tags = ["Portal"]
    guards = [requires(MANAGE)]

    @get(summary="Brands")
    async def list_brands(self, desk: NamedDependency[Desk]) -> list[BrandView]:
        """All of them, the desk's own first; none: the portal takes name and colour from the settings."""
        return [_shown(brand) for brand in await brands.list_brands(desk.session)]

    @post(summary="Make a brand")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[BrandInput]) -> BrandView:
        """409 ``conflict`` when the host has one already."""
        await lifecycle.check_team(desk.session, data.team_id)
        await connect.check_mailbox(desk.session, data.mailbox_id)
        return _shown(await brands.create(desk.session, brand_draft(data)))

    @put("/{brand_id:int}", summary="Change a brand")
    async def change(self, desk: NamedDependency[Desk], brand_id: PathId, data: JSONBody[BrandInput]) -> BrandView:
        """Replaces all that can be set."""
        await lifecycle.check_team(desk.session, data.team_id)
        await connect.check_mailbox(desk.session, data.mailbox_id)
        return _shown(await brands.change(desk.session, brand_id, brand_draft(data), data.version))

    @delete("/{brand_id:int}", summary="Take a brand away")
    async def remove(self, desk: NamedDependency[Desk], brand_id: PathId) -> None:
        """Its host then shows the desk's own brand."""
        await brands.remove(desk.session, brand_id)

    @put("/{brand_id:int}/logo", summary="Set a brand's logo")
    async def set_logo(
        self,
        desk: NamedDependency[Desk],
        brand_id: PathId,
        data: Annotated[LogoForm, Body(media_type=RequestEncodingType.MULTI_PART)],
    ) -> BrandView:
        """PNG, JPEG, WebP or SVG of at most 512 kB; shown 32 pixels high.

        422 ``validation`` for anything else.
        """
        allow("upload", desk.agent_id)
        content = await files.read_upload(data.file, LARGEST_LOGO)
        kind = sniff(content, data.file.filename)
        if kind not in LOGO_TYPES:
            raise Invalid.field("file", "A logo is a PNG, JPEG, WebP or SVG picture.")
        key = await desk.runtime.storage.put(content)
        return _shown(await brands.set_logo(desk.session, brand_id, key, kind))

    @delete("/{brand_id:int}/logo", summary="Take a brand's logo away")
    async def remove_logo(self, desk: NamedDependency[Desk], brand_id: PathId) -> None:
        """Its name is shown in letters."""
        await brands.set_logo(desk.session, brand_id, None, None)


class RequestTopicController(Controller):
    """Topics of the request form, with the questions that they ask."""

    path = "/request-topics"
    tags = ["Portal"]
    guards = [requires(MANAGE)]

    @get(summary="Topics of the request form")
    async def list_topics(self, desk: NamedDependency[Desk]) -> list[RequestTopicView]:
        """All of them, also those that are not offered at the moment."""
        return [topic_view(topic) for topic in await topics.list_topics(desk.session, everything=True)]

    @post(summary="Make a topic")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[RequestTopicInput]) -> RequestTopicView:
        """409 ``conflict`` when there is one of this key."""
        return topic_view(await topics.create(desk.session, topic_draft(data)))

    @put("/{key:str}", summary="Change a topic")
    async def change(
        self, desk: NamedDependency[Desk], key: FromPath[str], data: JSONBody[RequestTopicInput]
    ) -> RequestTopicView:
        """Replaces the topic; its key stays."""
        return topic_view(await topics.change(desk.session, key, topic_draft(data), data.version))

    @put(summary="Sort topics")
    async def sort(self, desk: NamedDependency[Desk], data: JSONBody[TopicOrderInput]) -> list[RequestTopicView]:
        """Put the topics into this order, all at once; one that is not named comes behind them."""
        await topics.sort(desk.session, data.keys)
        return [topic_view(topic) for topic in await topics.list_topics(desk.session, everything=True)]

    @delete("/{key:str}", summary="Take a topic away")
    async def remove(self, desk: NamedDependency[Desk], key: FromPath[str]) -> None:
        """Requests that name it stay as they are."""
        await topics.remove(desk.session, key)


def _shown(brand: brands.Brand) -> BrandView:
    address = f"/portal/logo/{brand.id}/{brand.logo_key[-12:]}" if brand.logo_key else ""
    return brand_view(brand, address)
