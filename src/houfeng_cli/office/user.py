"""`houfeng user`: people, their roles and scopes, from the machine itself. Every verb that changes is journaled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from houfeng.errors import Text
from houfeng_cli.office.opening import book_option, me, office_option, opened, say, table, why_option

if TYPE_CHECKING:
    from houfeng.office.access import Role, Scope

roles_option = click.option("--role", "roles", multiple=True, required=True, help="A role; may be repeated.")
regions_option = click.option("--region", "regions", multiple=True, help="Code of a region (GB/T 2260) to see.")
institutions_option = click.option("--institution", "institutions", multiple=True, help="An institution to see.")
enterprise_option = click.option("--enterprise", default=None, help="The one enterprise of an enterprise user.")


@click.group(name="user")
def command() -> None:
    """账号与角色。 People: accounts, roles, scopes, passwords, sessions."""


@command.command(name="first-start")
@book_option
@office_option
def first_start(book: str | None, url: str | None) -> None:
    """Make the database and the first administrator; the one-time password is shown once."""
    from houfeng.office.identity.first import first_start as start

    with opened(book, url, create=True) as office:
        made = start(office)
    if made is None:
        say("已有账号，未作更改", "there are accounts already; nothing was changed")
        return
    say("已建立安全管理员；口令只显示这一次，首次登录须更改", "an administrator was made; this password is shown once")
    click.echo(f"{made.login}\n{made.password}")


@command.command(name="upgrade")
@book_option
@office_option
def upgrade(book: str | None, url: str | None) -> None:
    """Bring the tables of the database to this version. Make a backup first."""
    from houfeng.office import migrations

    with opened(book, url, create=True):
        say(f"运行数据库已是版本 {migrations.head()}", f"the database is at version {migrations.head()}")


@command.command(name="list")
@book_option
@office_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(book: str | None, url: str | None, as_json: bool) -> None:
    """All accounts with roles and scope."""
    from houfeng.office.identity.people import everybody, roles_of

    with opened(book, url) as office, office.read() as session:
        people: list[dict[str, Any]] = [
            {
                "login": user.login,
                "name": user.name,
                "roles": sorted(roles_of(user)),
                "regions": user.regions,
                "institutions": user.institutions,
                "enterprise": user.enterprise,
                "active": user.active,
                "provider": user.provider,
                "seen_at": user.seen_at.isoformat(" ", "seconds") if user.seen_at else None,
            }
            for user in everybody(session)
        ]
    if as_json:
        click.echo(json.dumps(people, ensure_ascii=False, indent=2))
        return
    heads = [Text("用户名", "login"), Text("姓名", "name"), Text("角色", "roles"), Text("范围", "scope")]
    rows = [(p["login"], p["name"], ",".join(p["roles"]) or "-", _scope_told(p)) for p in people]
    table(
        [*heads, Text("状态", "state"), Text("最近登录", "last seen")],
        [(*row, "on" if p["active"] else "off", p["seen_at"] or "-") for row, p in zip(rows, people, strict=True)],
    )


@command.command(name="add")
@click.argument("login")
@click.argument("name")
@roles_option
@regions_option
@institutions_option
@enterprise_option
@click.option("--provider", default="local", show_default=True, help="Who proves the identity: local, gateway, …")
@click.option("--subject", default="", help="Who the person is there; default: the login.")
@book_option
@office_option
def add(
    login: str,
    name: str,
    roles: tuple[str, ...],
    regions: tuple[str, ...],
    institutions: tuple[str, ...],
    enterprise: str | None,
    provider: str,
    subject: str,
    book: str | None,
    url: str | None,
) -> None:
    """Make an account. Of a local one the one-time password is printed, once."""
    from houfeng.office.identity import accounts

    scope = _scope(regions, institutions, enterprise)
    with opened(book, url) as office, office.begin() as session:
        _, password = accounts.create(
            session, me(), login, name, _roles(roles), scope, provider=provider, subject=subject
        )
    say(f"已建立账号 {login}", f"made the account {login}")
    if password:
        click.echo(password)


@command.command(name="roles")
@click.argument("login")
@roles_option
@regions_option
@institutions_option
@enterprise_option
@why_option
@book_option
@office_option
def roles_(
    login: str,
    roles: tuple[str, ...],
    regions: tuple[str, ...],
    institutions: tuple[str, ...],
    enterprise: str | None,
    why: str,
    book: str | None,
    url: str | None,
) -> None:
    """Give a person these roles and this scope, instead of the earlier ones."""
    from houfeng.office.identity import accounts

    scope = _scope(regions, institutions, enterprise)
    with opened(book, url) as office, office.begin() as session:
        accounts.change_roles(session, me(), login, _roles(roles), scope, why)
    say(f"已更改 {login} 的角色与范围", f"changed the roles and scope of {login}")


@command.command(name="disable")
@click.argument("login")
@why_option
@book_option
@office_option
def disable(login: str, why: str, book: str | None, url: str | None) -> None:
    """Shut an account; its sessions and tokens end now."""
    _set_active(login, False, why, book, url)


@command.command(name="enable")
@click.argument("login")
@why_option
@book_option
@office_option
def enable(login: str, why: str, book: str | None, url: str | None) -> None:
    """Let an account in again."""
    _set_active(login, True, why, book, url)


@command.command(name="reset-password")
@click.argument("login")
@why_option
@book_option
@office_option
def reset_password(login: str, why: str, book: str | None, url: str | None) -> None:
    """A new one-time password, printed once; sessions and tokens end."""
    from houfeng.office.identity import accounts

    with opened(book, url) as office, office.begin() as session:
        password = accounts.reset_password(session, me(), login, why)
    click.echo(password)


@command.command(name="unlock")
@click.argument("login")
@why_option
@book_option
@office_option
def unlock(login: str, why: str, book: str | None, url: str | None) -> None:
    """Lift the lock of too many failed sign-ins."""
    from houfeng.office.identity import accounts

    with opened(book, url) as office, office.begin() as session:
        accounts.unlock(session, me(), login, why)
    say(f"已解锁 {login}", f"unlocked {login}")


@command.command(name="sign-out")
@click.argument("login")
@why_option
@book_option
@office_option
def sign_out(login: str, why: str, book: str | None, url: str | None) -> None:
    """End all sessions of a person now."""
    from houfeng.office.identity import accounts

    with opened(book, url) as office, office.begin() as session:
        ended = accounts.sign_out_everywhere(session, me(), login, why)
    say(f"已结束 {ended} 个会话", f"ended {ended} sessions")


def _set_active(login: str, active: bool, why: str, book: str | None, url: str | None) -> None:
    from houfeng.office.identity import accounts

    with opened(book, url) as office, office.begin() as session:
        accounts.set_active(session, me(), login, active, why)
    say(f"{'已启用' if active else '已停用'} {login}", f"{'enabled' if active else 'disabled'} {login}")


def _roles(names: tuple[str, ...]) -> list[Role]:
    from houfeng.errors import UsageError, did_you_mean
    from houfeng.office.access import Role

    known = [role.value for role in Role]
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            listed = ", ".join(known)
            raise UsageError(
                Text(f"没有角色 {name}。{near.zh} 可选：{listed}", f"no role {name}. {near.en} There are: {listed}")
            )
    return [Role(name) for name in names]


def _scope(regions: tuple[str, ...], institutions: tuple[str, ...], enterprise: str | None) -> Scope:
    from houfeng.office.access import Scope

    return Scope(frozenset(regions) if regions else None, frozenset(institutions) if institutions else None, enterprise)


def _scope_told(person: dict[str, Any]) -> str:
    parts = [
        f"{name} {','.join(map(str, value)) if isinstance(value, list) else value}"
        for name in ("regions", "institutions", "enterprise")
        if (value := person[name]) is not None
    ]
    return "; ".join(parts) or "*"
