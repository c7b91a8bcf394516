"""Templates: what is known is filled in, what is not stays to be seen, and no value becomes markup or a variable."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db import Database, unit_of_work
from core.errors import NotFound
from core.html import sanitise
from tests import factories
from tickets import templates
from tickets.templates import VARIABLES, Surroundings, render, unfilled, values_of, without_unknown

KNOWN = {"customer.name": "Asha Rao", "customer.first_name": "Asha", "ticket.id": "1001"}


def test_known_variables_are_filled() -> None:
    """With and without spaces, in text and HTML."""
    filled = render("<p>Dear {{ customer.first_name }}, [#{{ticket.id}}]</p>", KNOWN, html=True)
    assert filled == ("<p>Dear Asha, [#1001]</p>", [])


@pytest.mark.parametrize("template", ["Hi {{agent.name}}!", "Hi {{custommer.name}}!", "Hi {{custommer.name|you}}!"])
def test_what_is_not_known_stays_and_is_named(template: str) -> None:
    """An empty variable and a misspelt one both stay in the text; a fallback does not hide a spelling mistake."""
    filled = render(template, KNOWN, html=False)
    assert filled.text == template
    assert filled.missing == unfilled(template) != []


def test_a_fallback_stands_in() -> None:
    """``|there`` is used when nothing is known, and only then."""
    template = "Hello {{customer.first_name|there}}"
    assert render(template, {}, html=False) == ("Hello there", [])
    assert render(template, {"customer.first_name": "  "}, html=False) == ("Hello there", [])
    assert render(template, KNOWN, html=False).text == "Hello Asha"
    assert render("Hello{{customer.name|}}", {}, html=False) == ("Hello", [])


@pytest.mark.parametrize(
    "cut", ["{{<b>customer.name</b>}}", "<b>{</b>{customer.name}}", "&#123;&#123;customer.name}}", "{{&nbsp;x.y }}"]
)
def test_a_variable_cut_apart_by_the_editor_still_blocks(cut: str) -> None:
    """The customer would read the braces, whatever markup stands between them."""
    assert len(unfilled(f"<p>Dear {cut}</p>")) == 1


@pytest.mark.parametrize("tag", ["code", "pre", "blockquote"])
def test_code_and_quotes_may_hold_braces(tag: str) -> None:
    """Customers and agents write about templates, too; what stands outside still counts."""
    assert unfilled(f"<p>Use</p><{tag}>{{{{ user.id }}}}<{tag}></{tag}>{{{{a.b}}}}</{tag}>") == []
    assert unfilled(f"<{tag}>x</{tag}>{{{{ user.id }}}}") == ["user.id"]


names = st.text(max_size=60) | st.sampled_from(
    ["{{agent.name}}", "{{{{ticket.id}}}}", "<script>x</script>", "<img src=x onerror=y>", 'a" onclick="b', "{", "}"]
)
pieces = st.lists(
    st.sampled_from([f"{{{{{name}}}}}" for name in VARIABLES])
    | st.sampled_from([f"{{{{ {name} | friend }}}}" for name in VARIABLES])
    | st.sampled_from(["<p>", "</p>", "Dear ", " {", "} ", "&amp;"]),
    max_size=12,
).map("".join)


@given(template=pieces, values=st.dictionaries(st.sampled_from(sorted(VARIABLES)), names))
def test_filling_is_complete_and_never_makes_markup_or_variables(template: str, values: dict[str, str]) -> None:
    """Whatever people are called: a variable is filled or reported, no tag appears, and no name is a template."""
    filled = render(template, values, html=True)
    asked = {found[1]: found[2] is not None for found in templates._VARIABLE.finditer(template)}
    without = {name for name in asked if not values.get(name, "").strip()}
    assert set(filled.missing) <= without
    assert {name for name in without if f"{{{{{name}}}}}" in template} <= set(filled.missing)
    assert set(unfilled(filled.text)) <= set(filled.missing)
    assert re.findall(r"<[^<>]*>", filled.text) == re.findall(r"<[^<>]*>", template)
    assert without_unknown(template, values, html=True).count("{") == template.replace("{{", "").count("{")
    assert "<script" not in sanitise(filled.text)


@given(st.text(alphabet="{}|. <>/abc&#123;\n", max_size=4000))
def test_any_text_is_looked_through(text: str) -> None:
    """No text makes the search fail; what has no variable is not changed."""
    found = unfilled(text)
    if not found:
        assert render(text, {}, html=False).text == text


@pytest.mark.parametrize(
    ("name", "first"),
    [("Asha Rao", "Asha"), ("Dr. Asha Rao", "Asha"), ("smt asha", "asha"), ("a@b.example", ""), ("", ""), ("Mr.", "")],
)
def test_first_names(name: str, first: str) -> None:
    """Titles are no names, and an address is none either."""
    assert templates.first_name(name) == first


async def test_the_values_of_a_ticket(db: Database) -> None:
    """Everything a template can name comes from one ticket, one agent and where the mail leaves from."""
    async with unit_of_work(db) as session:
        agent = await factories.agent(session, name="Neha Iyer")
        first = await factories.received(session, subject="Broken lamp")
        around = Surroundings(
            mailbox_name="Desk", mailbox_address="d@desk.example", product_name="P", base_url="http://x"
        )
        values = await values_of(session, first.ticket_id, agent.id, around)
        assert values == {
            "customer.name": "Asha Rao",
            "customer.first_name": "Asha",
            "customer.email": "asha@customer.example",
            "ticket.id": str(first.ticket_id),
            "ticket.subject": "Broken lamp",
            "ticket.url": f"http://x/console/tickets/{first.ticket_id}",
            "request.link": "",
            "agent.name": "Neha Iyer",
            "agent.first_name": "Neha",
            "mailbox.name": "Desk",
            "mailbox.address": "d@desk.example",
            "product.name": "P",
        }
        assert set(values) == set(VARIABLES)
        assert (await values_of(session, first.ticket_id, None))["agent.name"] == ""
        with pytest.raises(NotFound):
            await values_of(session, first.ticket_id + 1000, None)


@pytest.mark.parametrize(
    ("written", "stands"),
    [
        ("Dear Asha, please switch it off and on again. Ravi", True),
        ("Hello! I think you should please switch it off and on again today.", True),
        ("Please wait. It will go on again.", False),
        ("", False),
    ],
)
def test_what_still_stands_of_a_template(written: str, stands: bool) -> None:
    """Half of its words in a row do; what stood for a variable does not matter."""
    assert (
        templates.stands_in("Dear {{customer.name}},\nplease switch it off and on again.\n{{agent.name}}", written)
        is stands
    )
    assert templates.stands_in("", written) and templates.stands_in("{{agent.name}}", written)
    assert not templates.stands_in("Certainly!", written)
