"""Files by signed addresses: no cookie is read, whoever has the address gets the file until it ends.

Outside of ``/api``, so that it can be served under a host name of its own (``SAMPARK_FILES_URL``), where the agents'
cookie is never sent. The addresses are made by ``agent_ui/links.py`` for those who may see the file.
"""

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from agent_ui import files
from agent_ui.links import FileLinks
from agent_ui.state import runtime_of
from core.db import reading
from core.errors import NotFound
from knowledge_base import files as article_files
from tickets import attachments


@get("/files/{token:str}/{name:str}", include_in_schema=False)
async def file(request: Request[Any, Any, Any], token: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A file. Its name in the address is for people only; the one that counts is kept with it.

    Raises:
        NotFound: the address is not one of ours, has ended, or its file is gone.
    """
    del name
    runtime = runtime_of(request)
    links = FileLinks(runtime.secret, runtime.settings.files_url)
    attachment_id = links.opened(token)
    if attachment_id is None:
        raise NotFound("This address has ended. Load the page anew that it was on.")
    async with reading(runtime.db) as session:
        found = await attachments.get(session, attachment_id)
    content = await runtime.storage.get(found.storage_key)
    readers = "cross-origin" if links.origin else "same-origin"
    return files.download(content, found.name, found.sniffed_type, readers=readers)


@get("/article-files/{token:str}/{name:str}", include_in_schema=False)
async def article_file(request: Request[Any, Any, Any], token: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A picture or file of an article, for the console.

    Raises:
        NotFound: the address is not one of ours, has ended, or its file is gone.
    """
    del name
    runtime = runtime_of(request)
    links = FileLinks(runtime.secret, runtime.settings.files_url, "article-files")
    file_id = links.opened(token)
    if file_id is None:
        raise NotFound("This address has ended. Load the page anew that it was on.")
    async with reading(runtime.db) as session:
        found = await article_files.get(session, file_id)
    content = await runtime.storage.get(found.storage_key)
    readers = "cross-origin" if links.origin else "same-origin"
    return files.download(content, found.name, found.sniffed_type, readers=readers)
