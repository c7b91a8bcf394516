"""Shapes of the knowledge base: categories, articles, their texts and versions."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from agent_ui.views.base import Id, IdList, Input, ShortText, View
from agent_ui.views.people import Locale
from knowledge_base.listing import TranslationBrief
from knowledge_base.markdown import Heading
from knowledge_base.models import Category

Visibility = Literal["public", "signed_in", "restricted", "agents"]
Title = Annotated[str, msgspec.Meta(max_length=200)]
Summary = Annotated[str, msgspec.Meta(max_length=500)]
Body = Annotated[str, msgspec.Meta(max_length=200_000)]
Slug = Annotated[str, msgspec.Meta(max_length=200)]
Note = Annotated[str, msgspec.Meta(max_length=500)]
Words = dict[str, Annotated[str, msgspec.Meta(max_length=500)]]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class CategoryView(View):
    """A category with its names by language; those inside it have ``parentId``."""

    id: int
    parent_id: int | None
    position: int
    slug: str
    names: dict[str, str]
    descriptions: dict[str, str]
    version: int


class CategoryInput(Input):
    """A category, or what is to be changed of it; what is not sent stays."""

    names: Words | msgspec.UnsetType = msgspec.UNSET
    descriptions: Words | msgspec.UnsetType = msgspec.UNSET
    slug: Slug | msgspec.UnsetType = msgspec.UNSET
    parent_id: Id | msgspec.UnsetType | None = msgspec.UNSET
    position: Annotated[int, msgspec.Meta(ge=0, le=100_000)] | msgspec.UnsetType = msgspec.UNSET


class PlaceInput(Input):
    """Where a category stands."""

    id: Id
    parent_id: Id | None
    position: Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class OrderInput(Input):
    """Categories with their new places."""

    places: Annotated[list[PlaceInput], msgspec.Meta(max_length=1000)]


class FileView(View):
    """A file of an article. A text names it ``/kb/files/{id}``; ``url`` shows it and ends after a day."""

    id: int
    name: str
    size: int
    content_type: str
    width: int | None
    height: int | None
    url: str


class LinkView(View):
    """Another article that a text leads to (``article:{id}``), or that leads here."""

    article_id: int
    title: str


class ArticleView(View):
    """An article: what holds in all languages, and the languages it is told in, the source first.

    ``isAcknowledged``: this agent has read it as it is now, where it asks for that. ``files``: of all versions.
    """

    id: int
    source_locale: str
    category_id: int | None
    position: int
    visibility: Visibility
    organisation_ids: list[int]
    segments: list[str]
    team_ids: list[int]
    tags: list[str]
    product_ids: list[int]
    owner_id: int | None
    review_on: date | None
    is_overdue: bool
    needs_acknowledgement: bool
    is_acknowledged: bool
    revision: int
    translations: list[TranslationBrief]
    files: list[FileView]
    links_in: list[LinkView]
    created_at: datetime
    changed_at: datetime
    version: int


class VersionRef(View):
    """Which version it is, by whom and when."""

    id: int
    number: int
    author_id: int | None
    author_name: str
    at: datetime
    note: str


class TranslationView(View):
    """An article in one language: the working version, and which one readers see.

    ``mayApprove``: this agent could publish the working version now. ``publicPath``: where the portal shows it.
    """

    article_id: int
    locale: str
    slug: str
    state: Literal["draft", "in_review", "approved", "published", "archived"]
    title: str
    summary: str
    body: str
    html: str
    headings: list[Heading]
    files: list[FileView]
    links_out: list[LinkView]
    working: VersionRef
    published: VersionRef | None
    first_published_at: datetime | None
    published_at: datetime | None
    publish_at: datetime | None
    submitted_by_id: int | None
    approved_by_id: int | None
    outdated_since: datetime | None
    may_approve: bool
    public_path: str
    version: int


class VersionView(View):
    """A version with its text."""

    id: int
    number: int
    title: str
    summary: str
    body: str
    html: str
    note: str
    author_id: int | None
    author_name: str
    at: datetime
    is_autosave: bool
    files: list[FileView]


class TextInput(Input):
    """What a version says. ``fileIds``: offered below the text; those that it shows are found by themselves.

    ``autosave``: kept while somebody types; her next automatic save replaces it in the history.
    """

    title: Title
    body: Body
    summary: Summary = ""
    file_ids: IdList = []
    note: Note = ""
    autosave: bool = False


class PropertiesInput(Input):
    """What holds for all languages; what is not sent stays."""

    category_id: Id | msgspec.UnsetType | None = msgspec.UNSET
    position: Annotated[int, msgspec.Meta(ge=0, le=100_000)] | msgspec.UnsetType = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET
    organisation_ids: IdList | msgspec.UnsetType = msgspec.UNSET
    segments: Annotated[list[ShortText], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    team_ids: IdList | msgspec.UnsetType = msgspec.UNSET
    tags: Annotated[list[ShortText], msgspec.Meta(max_length=50)] | msgspec.UnsetType = msgspec.UNSET
    product_ids: IdList | msgspec.UnsetType = msgspec.UNSET
    owner_id: Id | msgspec.UnsetType | None = msgspec.UNSET
    review_on: date | msgspec.UnsetType | None = msgspec.UNSET
    needs_acknowledgement: bool | msgspec.UnsetType = msgspec.UNSET


class NewArticleInput(PropertiesInput, kw_only=True):
    """A new article in its source language. ``ticketId``: the ticket whose answer it comes from."""

    locale: Locale
    title: Title
    body: Body = ""
    summary: Summary = ""
    slug: Slug | None = None
    ticket_id: Id | None = None


class NewTranslationInput(TextInput, kw_only=True):
    """A further language of an article. Without a slug one is made of the title."""

    slug: Slug | None = None


class SlugInput(Input):
    """Another address; the old one leads to it."""

    slug: Slug


class ReturnInput(Input):
    """Why a text goes back to its author."""

    note: Note = ""


class ApproveInput(Input):
    """The version that the approver has read.

    ``publishAt``: when readers shall see it; null: now. ``minor``: the translations stay valid. ``confirms``: this
    translation fits the source again.
    """

    version_id: Id
    publish_at: Moment | None = None
    minor: bool = False
    confirms: bool = False


class UnpublishInput(Input):
    """``archive``: put it away for good; else it is a draft again."""

    archive: bool = False


class RestoreInput(Input):
    """The version that shall be the newest again."""

    version_id: Id


class PreviewInput(Input):
    """Markdown to look at, in the language of the text."""

    body: Body
    locale: Locale = "en"
    article_id: Id | None = None


class PreviewView(View):
    """How a text will look."""

    html: str
    headings: list[Heading]


def category_view(category: Category) -> CategoryView:
    """A category."""
    return CategoryView(
        id=category.id,
        parent_id=category.parent_id,
        position=category.position,
        slug=category.slug,
        names=category.names,
        descriptions=category.descriptions,
        version=category.version,
    )
