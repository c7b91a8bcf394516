"""The house rules: every rule finds its bad examples, leaves its good ones, and can be let off for a reason."""

import pytest

from tools.lint.__main__ import RULES, run, sources
from tools.lint.rule import Rule, Source

GOOD = [
    pytest.param(rule, path, text, id=f"{rule.code}-{n}") for rule in RULES for n, (path, text) in enumerate(rule.good)
]
BAD = [
    pytest.param(rule, path, text, id=f"{rule.code}-{n}") for rule in RULES for n, (path, text) in enumerate(rule.bad)
]


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_a_rule_leaves_good_code_alone(rule: Rule, path: str, text: str) -> None:
    """What a rule calls good passes it."""
    assert list(rule.findings(Source.parse(path, text))) == []


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_rule_finds_bad_code(rule: Rule, path: str, text: str) -> None:
    """What a rule calls bad is found, with a sentence that says what to do."""
    findings = list(rule.findings(Source.parse(path, text)))
    assert findings
    assert all(len(finding.message) > 10 for finding in findings)


def test_a_line_is_let_off_only_with_its_code_and_a_reason() -> None:
    """A skip comment needs the code of the rule and words after it."""
    rule = next(rule for rule in RULES if rule.code == "no-commit")

    def found(comment: str) -> int:
        return len(list(rule.findings(Source.parse("core/x.py", f"session.commit()  {comment}\n"))))

    assert found("# lint: skip=no-commit - pgqueuer owns this connection") == 0
    assert found("# lint: skip=no-commit") == 1
    assert found("# lint: skip=no-clock - the wrong rule") == 1


def test_the_sources_keep_the_house_rules() -> None:
    """The checkout itself has no finding."""
    assert run(sources()) == []


def test_without_git_the_same_sources_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout on a machine without git is checked as well."""
    with_git = {path for path in sources() if path.endswith(".py")}
    monkeypatch.setenv("PATH", "/nowhere")
    assert {path for path in sources() if path.endswith(".py")} == with_git
