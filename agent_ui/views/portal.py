"""Shapes of what customers see: brands, and the topics of the request form."""

from typing import Annotated, Any, Literal

import msgspec

from agent_ui.views.base import Id, Input, View
from channels.web import fields
from channels.web.topics import Topic, TopicDraft
from core.brands import Brand, Draft, FooterLink
from core.hosts import readable

Locale = Literal["en", "hi", "mr", "bn", "kn"]
Words = dict[Locale, Annotated[str, msgspec.Meta(max_length=1000)]]
Short = Annotated[str, msgspec.Meta(max_length=300)]


class FooterLinkView(View):
    """A link at the foot of every page: language → words, and where it leads."""

    words: dict[str, str]
    address: str


class FooterLinkInput(Input):
    """The same, to set."""

    words: Words
    address: Short


class BrandView(View):
    """A brand of the portal; ``host`` is empty for the desk's own."""

    id: int
    host: str
    name: str
    hue: int
    logo: str | None
    default_language: str
    languages: list[str]
    question: dict[str, str]
    description: dict[str, str]
    footer_links: list[FooterLinkView]
    contact_address: str
    contact_phone: str
    mailbox_id: int | None
    team_id: int | None
    version: int


class BrandInput(Input):
    """All that can be set of a brand but its logo; with ``version``, 412 when somebody changed it meanwhile."""

    host: Short
    name: Short
    hue: int
    default_language: Locale
    languages: Annotated[list[Locale], msgspec.Meta(max_length=20)]
    question: Words = {}
    description: Words = {}
    footer_links: Annotated[list[FooterLinkInput], msgspec.Meta(max_length=50)] = []
    contact_address: Short = ""
    contact_phone: Short = ""
    mailbox_id: Id | None = None
    team_id: Id | None = None
    version: int | None = None


class OptionView(View):
    """An answer to a choice."""

    key: str
    names: dict[str, str]


class OptionInput(Input):
    """The same, to set."""

    key: Short
    names: Words


class ConditionView(View):
    """A field is shown when another has one of these answers (``yes`` for a ticked box)."""

    field: str
    answers: list[str]


class ConditionInput(Input):
    """The same, to set."""

    field: Short
    answers: Annotated[list[Short], msgspec.Meta(max_length=50)]


class FieldView(View):
    """A question of a topic."""

    key: str
    kind: str
    names: dict[str, str]
    hints: dict[str, str]
    is_required: bool
    options: list[OptionView]
    shown_when: ConditionView | None


class FieldInput(Input):
    """The same, to set."""

    key: Short
    kind: fields.Kind
    names: Words
    hints: Words = {}
    is_required: bool = False
    options: Annotated[list[OptionInput], msgspec.Meta(max_length=100)] = []
    shown_when: ConditionInput | None = None


class RequestTopicView(View):
    """A topic of the request form. ``version`` 0: one of the product's, which nobody has changed yet."""

    key: str
    names: dict[str, str]
    team_id: int | None
    position: int
    fields: list[FieldView]
    is_active: bool
    version: int


class RequestTopicInput(Input):
    """The whole topic; with ``version``, 412 when somebody changed it meanwhile.

    Without a ``position`` it stays where it is, and a new one comes last.
    """

    key: Short
    names: Words
    team_id: Id | None = None
    position: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None
    fields: Annotated[list[FieldInput], msgspec.Meta(max_length=100)] = []
    is_active: bool = True
    version: int | None = None


class TopicOrderInput(Input):
    """The keys of the topics in the order of the form."""

    keys: Annotated[list[Short], msgspec.Meta(max_length=100)]


def brand_view(brand: Brand, logo: str) -> BrandView:
    """A brand, with the address of its logo."""
    facts: dict[str, Any] = {
        name: getattr(brand, name) for name in BrandView.__struct_fields__ if name not in ("logo", "footer_links")
    }
    facts |= {"languages": list(brand.languages), "host": readable(brand.host)}
    links = [FooterLinkView(words=link.words, address=link.address) for link in brand.footer_links]
    return BrandView(**facts, logo=logo or None, footer_links=links)


def brand_draft(data: BrandInput) -> Draft:
    """What an administrator wants of a brand."""
    facts: dict[str, Any] = {name: getattr(data, name) for name in Draft.__struct_fields__ if name != "footer_links"}
    links = [
        FooterLink({str(code): words for code, words in link.words.items()}, link.address) for link in data.footer_links
    ]
    return Draft(**facts, footer_links=links)


def topic_view(topic: Topic) -> RequestTopicView:
    """A topic with its questions."""
    return RequestTopicView(
        key=topic.key,
        names=topic.names,
        team_id=topic.team_id,
        position=topic.position,
        fields=[_field_view(field) for field in topic.fields],
        is_active=topic.is_active,
        version=topic.version,
    )


def _field_view(field: fields.Field) -> FieldView:
    condition = field.shown_when
    return FieldView(
        key=field.key,
        kind=field.kind,
        names=field.names,
        hints=field.hints,
        is_required=field.is_required,
        options=[OptionView(key=option.key, names=option.names) for option in field.options],
        shown_when=ConditionView(field=condition.field, answers=condition.answers) if condition else None,
    )


def topic_draft(data: RequestTopicInput) -> TopicDraft:
    """What an administrator wants of a topic."""
    return TopicDraft(
        key=data.key,
        names={str(code): words for code, words in data.names.items()},
        team_id=data.team_id,
        position=data.position,
        fields=[
            msgspec.convert(msgspec.structs.asdict(field), fields.Field, from_attributes=True) for field in data.fields
        ],
        is_active=data.is_active,
    )
