"""The desk's own people: accounts, roles, teams. For those who may manage them."""

from litestar import Controller, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.people import person_view
from agent_ui.views.base import Named, PathId, given
from agent_ui.views.people import NewPersonInput, PasswordInput, PersonInput, PersonView, RoleView, TeamInput
from staff import agents, permissions, teams
from staff.agents import Account, NewAgent

MANAGE = "staff:manage"


class PeopleController(Controller):
    """Everybody who has an account of this desk."""

    path = "/people"
    tags = ["People"]
    guards = [requires(MANAGE)]

    @get(summary="People")
    async def list_people(self, desk: NamedDependency[Desk]) -> list[PersonView]:
        """All of them by name, those who may sign in first."""
        return [person_view(profile) for profile in await agents.list_all(desk.session)]

    @get("/roles", summary="Roles")
    async def roles(self, desk: NamedDependency[Desk]) -> list[RoleView]:
        """What an account can be, with what it may do, by name."""
        held = await permissions.list_roles(desk.session)
        return [RoleView(name=name, permissions=list(may)) for name, may in held]

    @get("/{agent_id:int}", summary="One of the people")
    async def read(self, desk: NamedDependency[Desk], agent_id: PathId) -> PersonView:
        """Her account."""
        return person_view(await agents.profile(desk.session, agent_id))

    @post(summary="Give somebody an account")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[NewPersonInput]) -> PersonView:
        """She can sign in at once with the password."""
        settings = desk.runtime.settings
        new = NewAgent(
            name=data.name,
            email=data.email,
            password=data.password,
            role=data.role,
            team_ids=tuple(data.team_ids),
            capacity=settings.agent_capacity if data.capacity is None else data.capacity,
            locale=settings.default_locale,
        )
        return person_view(await agents.profile(desk.session, await agents.create(desk.session, new)))

    @patch("/{agent_id:int}", summary="Change an account")
    async def change(self, desk: NamedDependency[Desk], agent_id: PathId, data: JSONBody[PersonInput]) -> PersonView:
        """Change what was sent. A new role ends her sign-ins; her open windows follow new teams at once."""
        wanted = given(data)
        if isinstance(data.team_ids, list):
            wanted["team_ids"] = tuple(data.team_ids)
        await agents.change_account(desk.session, agent_id, Account(**wanted))
        await desk.session.flush()
        return person_view(await agents.profile(desk.session, agent_id))

    @post("/{agent_id:int}/deactivate", status_code=200, summary="Close an account")
    async def deactivate(self, desk: NamedDependency[Desk], agent_id: PathId) -> PersonView:
        """Her sign-ins and open windows end at once; what she wrote stays."""
        await agents.set_active(desk.session, agent_id, active=False)
        await desk.session.flush()
        return person_view(await agents.profile(desk.session, agent_id))

    @post("/{agent_id:int}/activate", status_code=200, summary="Open an account again")
    async def activate(self, desk: NamedDependency[Desk], agent_id: PathId) -> PersonView:
        """She can sign in again with the password that she had."""
        await agents.set_active(desk.session, agent_id, active=True)
        await desk.session.flush()
        return person_view(await agents.profile(desk.session, agent_id))

    @put("/{agent_id:int}/password", status_code=204, summary="Reset a password")
    async def reset_password(
        self, desk: NamedDependency[Desk], agent_id: PathId, data: JSONBody[PasswordInput]
    ) -> None:
        """Give somebody a new password and end her sign-ins."""
        await agents.set_password(desk.session, agent_id, data.password)


class TeamController(Controller):
    """The desk's teams. Everybody reads them (``GET /api/teams``)."""

    path = "/teams"
    tags = ["People"]
    guards = [requires(MANAGE)]

    @post(summary="Make a team")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[TeamInput]) -> Named:
        """A team without people and tickets."""
        made = await teams.add(desk.session, data.name)
        return Named(id=made, name=await teams.name_of(desk.session, made))

    @patch("/{team_id:int}", summary="Rename a team")
    async def rename(self, desk: NamedDependency[Desk], team_id: PathId, data: JSONBody[TeamInput]) -> Named:
        """Its people and tickets stay."""
        await teams.rename(desk.session, team_id, data.name)
        return Named(id=team_id, name=await teams.name_of(desk.session, team_id))
