"""The rules of the demo company, and what one of them has done."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from automation import actions, conditions
from simulator import demo, demo_people, demo_rules, demo_talk, demo_threads
from simulator.demo_events import DANGER
from simulator.demo_macros import ACTIONS, DANGER_TAG, MACROS
from tests.conftest import START

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def plans() -> list[demo_threads.Plan]:
    """The demo's threads, without a database."""
    people = demo_people.customers(demo.CUSTOMERS, demo_talk.cities())
    return demo_threads.Planner(people, START).plan(demo.TICKETS, demo.LIVE)


def test_the_rule_on_danger_has_seen_all_that_is_dangerous_and_nothing_else(plans: list[demo_threads.Plan]) -> None:
    """Its log says of each such ticket that a sign was in the subject, and that it was made urgent and tagged."""
    (draft,) = [each for each in demo_rules.DRAFTS if each.name == DANGER]
    dangerous = 0
    for plan in plans:
        opened = SimpleNamespace(id=1, ticket_id=plan.id, at=plan.created_at, subject=plan.subject)
        run = demo_rules.run_of(7, draft, opened)
        assert any(answer["holds"] for answer in run["answers"]) is (DANGER_TAG in plan.tags), plan.subject
        if DANGER_TAG in plan.tags:
            dangerous += plan.created_at > START - timedelta(days=7)
            assert plan.priority == "urgent"
            assert [(each["action"], each["new"], each["changes"]) for each in run["effects"]] == [
                ("priority", "urgent", True),
                ("tags", [DANGER_TAG], True),
            ]
    assert dangerous >= 5


def test_rules_and_macros_make_sense_and_no_rule_floods_the_first_look() -> None:
    """Those that would act on what is there already are switched off; macros that do something are known."""
    for draft in demo_rules.DRAFTS:
        conditions.check(draft.condition)
        actions.check(draft.actions)
    assert [each.name for each in demo_rules.DRAFTS if each.is_enabled] == [DANGER, "Opened again and again"]
    for name, wanted in ACTIONS.items():
        assert name in MACROS
        actions.check(wanted, macro=True)
