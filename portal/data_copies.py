"""The copy of a customer's data: an archive with everything as JSON, as a page to read, and her files.

A job makes it (``customers/privacy.py`` keeps the wish), a mail says that it is there, and she fetches it while she is
signed in. After some days it is forgotten.
"""

import functools
import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from channels import notices
from channels.erasing import FORGET_COPY_JOB
from channels.letters import Link, written
from core import brands, i18n, jobs
from core.i18n import Language
from core.settings import Settings
from core.storage import Storage
from customers import privacy, service
from portal import moments
from portal.pages import environment
from products.export import File
from tickets import export
from tickets.export import Data

JOB: Final = "portal.copy_data"
KIND: Final = "data_copy"
MOST_BYTES: Final = 200 * 1024 * 1024
"""Files of a copy together; what is beyond is named in it and left out."""


class DataCopies:
    """Makes the copies.

    Args:
        settings: name, language and address of the desk.
        storage: where files are, and the copies go.
    """

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._settings = settings
        self._storage = storage

    async def make(self, session: AsyncSession, request_id: int) -> None:
        """Make one copy and tell its owner (job; running twice makes one)."""
        try:
            wish = await privacy.lock(session, request_id)
        except privacy.AlreadyHandled:
            return
        data = await export.collect(session, wish.customer_id)
        language = Language(i18n.choose(data.language, self._settings.default_locale))
        company = await brands.name_at(session, self._settings.base_url, self._settings.product_name)
        key = await self._storage.put(await self._archive(data, language, company))
        wish = await privacy.keep_copy(session, request_id, key)
        forget = {"request_id": request_id}
        await jobs.enqueue(session, FORGET_COPY_JOB, forget, run_at=wish.expires_at, dedupe=f"copy:{request_id}")
        await self._tell(session, wish.customer_id, data.name, language)

    async def _archive(self, data: Data, language: Language, company: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            left = MOST_BYTES
            for file, path in _files(data):
                if file.size <= left:
                    left -= file.size
                    file.path = path
                    archive.writestr(path, await self._storage.get(file.storage_key))
            archive.writestr("data.json", msgspec.json.format(msgspec.json.encode(_public(data)), indent=2))
            archive.writestr("index.html", _page(data, language, company))
        return buffer.getvalue()

    async def _tell(self, session: AsyncSession, customer_id: int, name: str, language: Language) -> None:
        _ = language.text
        contacts = [each for each in await service.contacts_of(session, customer_id) if each.kind == "email"]
        proved = [each.value for each in contacts if each.verified and each.invalid_reason is None]
        if not proved:
            return
        text, html = written(
            _("The copy of your data is ready. You can fetch it for %(num)s days.") % {"num": privacy.COPY_DAYS},
            Link(_("Fetch the copy"), f"{self._settings.base_url}/portal/privacy?lang={language.code}"),
            _("If you did not ask for it, please write to us."),
        )
        await notices.create(
            session,
            kind=KIND,
            to_address=proved[0],
            to_name=name,
            subject=_("The copy of your data is ready"),
            text=text,
            html=html,
            sender_name=await brands.name_at(session, self._settings.base_url, ""),
        )


def _page(data: Data, language: Language, company: str) -> str:
    page = environment(language.code).get_template("data_copy.html")
    local = functools.partial(moments.in_zone, data.time_zone)
    return page.render(lang=language.code, language=language, data=data, company=company, local=local)


def _files(data: Data) -> Iterator[tuple[File, str]]:
    """Every file with its place in the copy."""
    for matter in data.requests:
        for message in matter.messages:
            for file in message.files:
                yield file, f"files/{file.id}-{_plain(file.name)}"
    for bill in data.proofs:
        yield bill, f"files/proof-{bill.id}-{_plain(bill.name)}"


def _plain(name: str) -> str:
    """A file's name that every system takes."""
    return "".join(each if each.isascii() and (each.isalnum() or each in ".-_") else "_" for each in name)[-80:]


def _public(data: Data) -> Any:
    """The data without our own names of stored files."""
    plain = msgspec.to_builtins(data)
    for matter in plain["requests"]:
        for message in matter["messages"]:
            for file in message["files"]:
                del file["storage_key"]
    for bill in plain["proofs"]:
        del bill["storage_key"]
    return plain
