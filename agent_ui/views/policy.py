"""Shapes of the desk's choices for its customers."""

from typing import Annotated, Literal

import msgspec

from agent_ui.views.base import Input, View
from tickets.policy import Days, Policy


class PolicyView(View):
    """What customers are shown and may do; see ``tickets/policy.py``."""

    agent_names: Literal["full", "first", "team"]
    reopen_days: int
    guest_links: bool
    guest_days: int
    survey: bool
    survey_hours: int
    survey_days: int
    low_score: int
    erase_words: bool
    version: int


class PolicyInput(Input):
    """All of it; what is not sent gets the product's default."""

    agent_names: Literal["full", "first", "team"] = "first"
    reopen_days: Days = 14
    guest_links: bool = True
    guest_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30
    survey: bool = True
    survey_hours: Annotated[int, msgspec.Meta(ge=0, le=720)] = 24
    survey_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 14
    low_score: Annotated[int, msgspec.Meta(ge=0, le=5)] = 2
    erase_words: bool = True

    def chosen(self) -> Policy:
        """As the desk keeps it."""
        return Policy(**msgspec.structs.asdict(self))


def policy_view(policy: Policy, version: int) -> PolicyView:
    """The choices as they are now."""
    return PolicyView(**msgspec.structs.asdict(policy), version=version)
