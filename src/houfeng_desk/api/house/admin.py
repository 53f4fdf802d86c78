"""What administrators look after: people, the rules of the house, ways out of it. Each needs its own administrator."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import select

from houfeng.errors import Text
from houfeng.office import house, outbox
from houfeng.office.access import Permission, Role, Scope
from houfeng.office.identity import accounts, sessions, tokens
from houfeng.office.identity.people import find, roles_of
from houfeng.office.tables import Channel
from houfeng_desk.api.house.account import SESSION, TOKEN
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, told
from houfeng_desk.pages.house.channels import messages_of, put_test
from houfeng_desk.queries.house.people import state_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("administration")
PEOPLE = [allowed(Permission.MANAGE_USERS)]
SYSTEM = [allowed(Permission.MANAGE_SYSTEM)]


class Limits(BaseModel):
    """Whose rows somebody sees; null is no limit, an empty list nothing."""

    regions: list[str] | None = Field(default=None, max_length=500)
    institutions: list[str] | None = Field(default=None, max_length=500)
    enterprise: str | None = Field(default=None, max_length=60)

    def scope(self) -> Scope:
        """As the office holds it."""
        regions = frozenset(self.regions) if self.regions is not None else None
        banks = frozenset(self.institutions) if self.institutions is not None else None
        return Scope(regions, banks, self.enterprise)


class Rights(BaseModel):
    """Roles and scope of a person, and why."""

    roles: list[Role] = Field(min_length=1)
    scope: Limits
    why: str = Field(min_length=1, max_length=2000)


class NewUser(BaseModel):
    """A person to be let in."""

    login: str = Field(min_length=1, max_length=80)
    name: str = Field(min_length=1, max_length=120)
    email: str = Field("", max_length=200)
    roles: list[Role] = Field(min_length=1)
    scope: Limits


class OneTime(BaseModel):
    """A password that is told once; it must be changed at the first sign-in."""

    login: str
    password: str


class Why(BaseModel):
    """The reason."""

    why: str = Field(min_length=1, max_length=2000)


class Active(Why):
    """Whether an account may sign in."""

    active: bool


@router.post("/users", operation_id="create_user", dependencies=PEOPLE)
def create(desk: DeskDep, viewer: ViewerDep, new: NewUser) -> OneTime:
    """Make an account; its one-time password stands in the answer and nowhere else."""
    with desk.office.begin() as session:
        user, password = accounts.create(
            session, viewer, new.login, new.name, new.roles, new.scope.scope(), email=new.email
        )
        return OneTime(login=user.login, password=password)


@router.get("/users/{login}", operation_id="user", dependencies=PEOPLE)
def person(desk: DeskDep, login: str) -> dict[str, Any]:
    """One person: roles, scope, sessions, tokens; null in the scope is no limit."""
    with desk.office.read() as session:
        user = find(session, login)
        names = ("login", "name", "email", "lang", "provider", "created_at", "created_by", "seen_at", "locked_until")
        return {
            **told(user, *names),
            "state": state_of(user, desk.clock()),
            "roles": sorted(roles_of(user)),
            "scope": told(user, "regions", "institutions", "enterprise"),
            "sessions": [told(one, *SESSION) for one in sessions.listing(session, user.id)],
            "tokens": [told(one, *TOKEN) for one in tokens.listing(session, user.id)],
        }


@router.put("/users/{login}/rights", operation_id="change_rights", dependencies=PEOPLE)
def rights(desk: DeskDep, viewer: ViewerDep, login: str, to: Rights) -> Done:
    """Other roles and another scope, from the person's next request on."""
    with desk.office.begin() as session:
        accounts.change_roles(session, viewer, login, to.roles, to.scope.scope(), to.why)
    return done(Text("角色和范围已更改。", "Roles and scope are changed."))


@router.put("/users/{login}/active", operation_id="set_active", dependencies=PEOPLE)
def active(desk: DeskDep, viewer: ViewerDep, login: str, to: Active) -> Done:
    """Disable an account, or let it in again."""
    with desk.office.begin() as session:
        accounts.set_active(session, viewer, login, to.active, to.why)
    return done(Text("已启用。", "Enabled.") if to.active else Text("已停用。", "Disabled."))


@router.post("/users/{login}/unlock", operation_id="unlock_user", dependencies=PEOPLE)
def unlock(desk: DeskDep, viewer: ViewerDep, login: str, said: Why) -> Done:
    """Lift the lock of failed sign-ins."""
    with desk.office.begin() as session:
        accounts.unlock(session, viewer, login, said.why)
    return done(Text("已解锁。", "Unlocked."))


@router.post("/users/{login}/sign-out", operation_id="sign_out_user", dependencies=PEOPLE)
def sign_out(desk: DeskDep, viewer: ViewerDep, login: str, said: Why) -> Done:
    """End all their sessions."""
    with desk.office.begin() as session:
        ended = accounts.sign_out_everywhere(session, viewer, login, said.why)
    return done(Text(f"已退出 {ended} 个会话。", f"Ended {ended} sessions."))


@router.post("/users/{login}/password", operation_id="reset_password", dependencies=PEOPLE)
def reset(desk: DeskDep, viewer: ViewerDep, login: str, said: Why) -> OneTime:
    """A new one-time password."""
    with desk.office.begin() as session:
        return OneTime(login=login, password=accounts.reset_password(session, viewer, login, said.why))


@router.get("/settings", operation_id="settings", dependencies=SYSTEM)
def settings(desk: DeskDep) -> dict[str, Any]:
    """The rules of the house with their bounds."""
    with desk.office.read() as session:
        now = house.house(session)
    items = [
        {
            "name": name,
            "value": getattr(now, name),
            "least": bound.least,
            "most": bound.most,
            "label": {"zh": bound.label.zh, "en": bound.label.en},
        }
        for name, bound in house.BOUNDS.items()
    ]
    return {"items": items, "total": len(items)}


class NewValue(Why):
    """A rule's new value."""

    value: int


@router.put("/settings/{name}", operation_id="change_setting", dependencies=SYSTEM)
def change(desk: DeskDep, viewer: ViewerDep, name: str, to: NewValue) -> Done:
    """Change one rule of the house."""
    with desk.office.begin() as session:
        house.change(session, viewer, name, to.value, to.why)
    return done(Text("设置已更改。", "Changed."))


class Way(Why):
    """A way out of the house. Secrets are `env:NAME` or `file:PATH`; one that is not given stays as it is."""

    kind: str = Field(max_length=20)
    address: str = Field(max_length=500)
    secrets: dict[str, str] = Field(default={}, max_length=10)
    options: dict[str, str] = Field(default={}, max_length=10)
    topics: list[str] = Field(default=[], max_length=20)
    active: bool = True


@router.get("/channels", operation_id="channels", dependencies=SYSTEM)
def channels(desk: DeskDep) -> dict[str, Any]:
    """The ways out of the house; of secrets only which are set."""
    with desk.office.read() as session:
        items = [
            {
                "name": one.name,
                "kind": one.kind,
                "address": one.address,
                "secrets_set": sorted(one.secrets),
                "options": one.options,
                "topics": one.topics,
                "active": one.active,
            }
            for one in session.scalars(select(Channel).order_by(Channel.name))
        ]
    return {"items": items, "total": len(items)}


@router.put("/channels/{name}", operation_id="set_channel", dependencies=SYSTEM)
def set_channel(desk: DeskDep, viewer: ViewerDep, name: str, to: Way) -> Done:
    """Make or change one."""
    with desk.office.begin() as session:
        held = session.scalars(select(Channel).where(Channel.name == name)).first()
        secrets = {**(held.secrets if held is not None and held.kind == to.kind else {}), **to.secrets}
        outbox.define(
            session, viewer, name, to.kind, to.address,
            secrets=secrets, options=to.options, topics=to.topics, active=to.active, why=to.why,
        )  # fmt: skip
    return done(Text("渠道已保存。", "The channel is saved."))


@router.post("/channels/{name}/test", operation_id="test_channel", dependencies=SYSTEM)
def test_channel(desk: DeskDep, viewer: ViewerDep, name: str) -> dict[str, Any]:
    """Put a message that says it is a test into the outbox; the worker sends it."""
    return {"message_id": put_test(desk, viewer, name)}


@router.get("/channels/{name}", operation_id="channel", dependencies=SYSTEM)
def channel(desk: DeskDep, name: str) -> dict[str, Any]:
    """The last messages of a channel, newest first, with what became of each."""
    with desk.office.read() as session:
        names = ("id", "subject", "state", "attempts", "created_at", "not_before", "tried_at", "fault")
        return {"name": name, "messages": [told(one, *names) for one in messages_of(session, name)]}
