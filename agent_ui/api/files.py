"""Files: uploads, attachments, the original of a message, and its body as a page."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery, QueryParameter

from agent_ui import attached_mail, files, mail_page, ticket_page
from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.limits import allow
from agent_ui.views.base import PathId
from channels import ledger
from tickets import access, attachments, timeline
from tickets.timeline import FileItem, MailPreview


class UploadForm(msgspec.Struct, forbid_unknown_fields=True):
    """A form with one file."""

    file: UploadFile


Form = Annotated[UploadForm, Body(media_type=RequestEncodingType.MULTI_PART)]


class UploadController(Controller):
    """Uploads. In a router of its own, because it alone takes large bodies."""

    tags = ["Files"]

    @post("/uploads", guards=[requires("tickets:reply")], summary="Upload a file")
    async def upload(self, desk: NamedDependency[Desk], data: Form) -> FileItem:
        """Keep a file until a draft, reply or note takes it."""
        allow("upload", desk.agent_id)
        runtime = desk.runtime
        content = await files.read_upload(data.file, runtime.settings.max_upload_bytes)
        made = await attachments.upload(
            desk.session, runtime.storage, data.file.filename, data.file.content_type, content
        )
        return files.uploaded(made, desk.links)


class FileController(Controller):
    """What messages carry, and messages as they came."""

    tags = ["Files"]

    @get(
        "/attachments/{attachment_id:int}",
        guards=[requires("tickets:read")],
        summary="A file",
        media_type="application/octet-stream",
    )
    async def attachment(self, desk: NamedDependency[Desk], attachment_id: PathId) -> Response[bytes]:
        """The file; raster images are shown in place, everything else is saved.

        For programs, and for addresses that are kept: the ``url`` of a file needs no cookie, and ends after a day.
        """
        found = await access.get_attachment(desk.session, desk.actor, attachment_id)
        return files.download(await desk.runtime.storage.get(found.storage_key), found.name, found.sniffed_type)

    @get("/attachments/{attachment_id:int}/mail", guards=[requires("tickets:read")], summary="A mail that is attached")
    async def mail(self, desk: NamedDependency[Desk], attachment_id: PathId) -> MailPreview:
        """What an attached mail says, readable in place; images from elsewhere are held back.

        422 ``validation`` when the file is no mail.
        """
        found = await access.get_attachment(desk.session, desk.actor, attachment_id)
        return await attached_mail.read(await desk.runtime.storage.get(found.storage_key), found)

    @post("/attachments/{attachment_id:int}/copy", guards=[requires("tickets:reply")], summary="Attach a file again")
    async def copy(self, desk: NamedDependency[Desk], attachment_id: PathId) -> FileItem:
        """Make a file of a message an upload of one's own, to pass it on with another message."""
        found = await access.get_attachment(desk.session, desk.actor, attachment_id)
        return files.uploaded(await attachments.copy(desk.session, found), desk.links)

    @get(
        "/messages/{message_id:int}/raw",
        guards=[requires("tickets:read")],
        summary="A message as it came",
        media_type="message/rfc822",
    )
    async def raw(self, desk: NamedDependency[Desk], message_id: PathId) -> Response[bytes]:
        """The bytes that came in, to be saved."""
        message = await access.get_message(desk.session, desk.actor, message_id)
        content = await ledger.raw_of(desk.session, message.inbound_item_id)
        return files.download(content, f"message-{message_id}.eml", "message/rfc822")

    @get(
        "/messages/{message_id:int}/html",
        guards=[requires("tickets:read")],
        summary="A message as a document",
        media_type="text/html",
    )
    async def document(
        self,
        request: Request[Any, Any, Any],
        desk: NamedDependency[Desk],
        message_id: PathId,
        images: FromQuery[bool] = False,
        all_: Annotated[bool, QueryParameter(name="all")] = False,
        part: FromQuery[mail_page.Part] = "new",
    ) -> Response[bytes]:
        """A message for a frame without scripts; images from elsewhere only with ``?images=1``.

        ``part``: what its author newly wrote, what is ``quoted`` below, or ``all`` with the quote folded. A very long
        one is cut unless ``all=1``.
        """
        message = await access.get_message(desk.session, desk.actor, message_id)
        item = await timeline.item_of(desk.source, message_id)
        pictures = await ticket_page.pictures_of(desk, message.ticket_id, [item], everywhere=True)
        wanted = mail_page.Wanted(images, all_, part, request.headers.get("accept-language", ""))
        return await mail_page.answer(item, wanted, desk.links, pictures)
