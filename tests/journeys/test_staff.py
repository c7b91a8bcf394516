"""An agent who leaves: one command, and her sign-in ends at once."""

import pytest

from tests.journeys.desk import ADMIN, Desk

pytestmark = pytest.mark.slow


def test_a_deactivated_agent_is_out_at_once(demo_desk: Desk) -> None:
    """Her session ends, she cannot sign in, and she can be let in again."""
    leaver = ("leaver@desk.example", "long-enough-password")
    made = demo_desk.command("user", "create", leaver[0], "--name", "Leaver", "--password", leaver[1])
    assert made.returncode == 0, made.stderr
    with demo_desk.sign_in(leaver) as client, demo_desk.sign_in(ADMIN) as admin:
        assert client.get("/api/session").status_code == 200
        assert demo_desk.command("user", "deactivate", leaver[0]).returncode == 0
        assert client.get("/api/session").status_code == 401
        refused = client.post("/api/session", json={"email": leaver[0], "password": leaver[1]})
        assert refused.status_code == 401
        assert demo_desk.command("user", "deactivate", leaver[0], "--undo").returncode == 0
        assert client.post("/api/session", json={"email": leaver[0], "password": leaver[1]}).status_code in (200, 201)
        assert admin.get("/api/session").status_code == 200
