"""`houfeng token`: tokens for programs."""

from __future__ import annotations

import click

from houfeng.errors import Text, UsageError
from houfeng_cli.office.opening import book_option, me, office_option, opened, say, table, why_option


@click.group(name="token")
def command() -> None:
    """接口令牌。 Tokens with which programs use the API in the name of a person."""


@command.command(name="issue")
@click.argument("login")
@click.argument("name")
@click.option("--permission", "permissions", multiple=True, required=True, help="What it is allowed; may be repeated.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1), help="How long it lasts.")
@book_option
@office_option
def issue(login: str, name: str, permissions: tuple[str, ...], days: int, book: str | None, url: str | None) -> None:
    """Make a token of LOGIN's for the program NAME; it is printed once."""
    from houfeng.office.access import Permission
    from houfeng.office.identity import tokens
    from houfeng.office.identity.people import find, viewer_of

    known = [permission.value for permission in Permission]
    if wrong := [permission for permission in permissions if permission not in known]:
        listed = ", ".join(known)
        raise UsageError(Text(f"没有权限 {wrong[0]}；可选：{listed}", f"no permission {wrong[0]}; there are: {listed}"))
    with opened(book, url) as office, office.begin() as session:
        viewer = viewer_of(find(session, login), via=me())
        issued = tokens.issue(session, viewer, name, [Permission(p) for p in permissions], days)
    click.echo(issued.secret)


@command.command(name="list")
@book_option
@office_option
def list_(book: str | None, url: str | None) -> None:
    """Tokens that can be used."""
    from houfeng.office.identity import tokens

    with opened(book, url) as office, office.read() as session:
        rows = [
            (
                token.id,
                token.user.login,
                token.name,
                ",".join(token.permissions),
                f"{token.expires_at:%Y-%m-%d}",
                f"{token.used_at:%Y-%m-%d %H:%M}" if token.used_at else "-",
            )
            for token in tokens.listing(session)
        ]
    heads = [Text("编号", "id"), Text("用户", "user"), Text("名称", "name"), Text("权限", "permissions")]
    table([*heads, Text("到期", "expires"), Text("最近使用", "last used")], rows)


@command.command(name="revoke")
@click.argument("token_id", type=int)
@why_option
@book_option
@office_option
def revoke(token_id: int, why: str, book: str | None, url: str | None) -> None:
    """End a token now."""
    from houfeng.office.identity import tokens

    with opened(book, url) as office, office.begin() as session:
        tokens.revoke(session, me(), token_id, why)
    say(f"已吊销令牌 {token_id}", f"revoked the token {token_id}")
