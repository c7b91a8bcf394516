"""Our own people: agents, teams, roles, sign-in. Below tickets' audiences, beside customers; knows no HTTP."""
