"""Shapes of our own people: the signed-in agent, her session, colleagues, teams, macros."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from agent_ui.views.base import IdList, Input, Named, View
from automation.actions import Action

PresenceState = Literal["available", "busy", "break", "wrap_up", "offline"]
Locale = Literal["en", "hi", "mr", "bn", "kn"]
Theme = Literal["light", "dark", "system"]


class SignInInput(Input):
    """Address and password as typed."""

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class PresenceView(View):
    """Whether an agent is there, since when and why. ``source``: who put her into the state.

    ``set_by``: the supervisor. ``until``: when a wrap-up ends by itself.
    """

    state: PresenceState
    since: datetime | None
    reason: str | None
    source: Literal["self", "supervisor", "system"]
    set_by: str | None
    until: datetime | None


class NotifyView(View):
    """What an agent wants a mail for: a ticket became hers, her customer wrote, a note names her, reviews, lateness."""

    assigned: bool
    customer_wrote: bool
    mentioned: bool
    review: bool
    late: bool


class AgentView(View):
    """An agent as she sees herself."""

    id: int
    name: str
    email: str
    role: str
    locale: str
    theme: str
    single_keys: bool
    time_zone: str
    signature: str
    notify: NotifyView
    teams: list[Named]
    is_active: bool
    presence: PresenceView


class ConsoleSettings(View):
    """What the console has to know of this desk."""

    undo_send_seconds: int
    brand_hue: int
    product_name: str
    default_locale: Locale
    demo: bool
    heartbeat_seconds: int


class SessionView(View):
    """The signed-in session. ``csrf_token`` belongs into the header ``X-CSRF-Token`` of every unsafe request."""

    agent: AgentView
    csrf_token: str
    permissions: list[str]
    settings: ConsoleSettings


class NotifyInput(Input):
    """What an agent wants a mail for; what is left out is not wanted."""

    assigned: bool = False
    customer_wrote: bool = False
    mentioned: bool = False
    review: bool = False
    late: bool = False

    @property
    def wanted(self) -> frozenset[str]:
        """The names of what is wanted."""
        return frozenset(name for name in self.__struct_fields__ if getattr(self, name))


class PreferencesInput(Input):
    """What an agent changes about herself."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    locale: Locale | msgspec.UnsetType = msgspec.UNSET
    theme: Theme | msgspec.UnsetType = msgspec.UNSET
    single_keys: bool | msgspec.UnsetType = msgspec.UNSET
    time_zone: str | msgspec.UnsetType = msgspec.UNSET
    signature: str | msgspec.UnsetType = msgspec.UNSET
    notify: NotifyInput | msgspec.UnsetType = msgspec.UNSET


class PresenceInput(Input):
    """The state an agent puts herself into, and why. ``hand_over``: what waits for her goes to others."""

    state: PresenceState
    reason: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    hand_over: bool = False


class AgentBrief(View):
    """A colleague in pickers and boards, with how much she holds."""

    id: int
    name: str
    email: str
    presence: PresenceState
    open_count: int
    capacity: int
    team_ids: list[int]


class TeamView(View):
    """A team and how many open tickets it has (1000 stands for more)."""

    id: int
    name: str
    open_count: int


class MacroView(View):
    """A macro: a text, and what it does. For a ticket it is filled; ``missing`` names what nothing is known for."""

    id: int
    name: str
    html: str
    text: str
    missing: list[str]
    actions: list[Action]


class SenderView(View):
    """An address of ours that a new conversation may begin from."""

    account_id: int
    team_id: int | None
    address: str
    name: str


class PersonView(View):
    """An agent as those who manage the desk's people see her. ``capacity`` counts tickets that routing may give her."""

    id: int
    name: str
    email: str
    role: str
    teams: list[Named]
    capacity: int
    is_active: bool


class RoleView(View):
    """A role and what it allows."""

    name: str
    permissions: list[str]


class NewPersonInput(Input):
    """What a new account needs. Without a capacity it gets the desk's usual one."""

    name: str
    email: str
    password: Annotated[str, msgspec.Meta(max_length=1000)]
    role: str = "agent"
    team_ids: IdList = []
    capacity: int | None = None


class PersonInput(Input):
    """What changes about an account."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    email: str | msgspec.UnsetType = msgspec.UNSET
    role: str | msgspec.UnsetType = msgspec.UNSET
    team_ids: IdList | msgspec.UnsetType = msgspec.UNSET
    capacity: int | msgspec.UnsetType = msgspec.UNSET


class PasswordInput(Input):
    """A new password as typed."""

    password: Annotated[str, msgspec.Meta(max_length=1000)]


class TeamInput(Input):
    """A team's name."""

    name: str
