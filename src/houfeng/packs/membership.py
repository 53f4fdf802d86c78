"""Membership: how rows of a member belong to a key of another kind, such as an enterprise's events to its group."""

from __future__ import annotations

from typing import NamedTuple

from houfeng.book.model import Time, kinds
from houfeng.packs.model import Definition


class Membership(NamedTuple):
    """The rows of `kind` say who is a member: `member` holds the member (a `member_kind`), `group` whose it is."""

    kind: str
    group: str
    member: str
    member_kind: str


def memberships(kind: str, over: str) -> list[Membership]:
    """The ways in which rows of `kind` can make others members of `over`: one where it is plain."""
    relations = [r for r in kinds()[kind].relations.values() if len(r.on) == 1]
    groups = [r for r in relations if r.kind == over and tuple(r.on.values()) == kinds()[over].key]
    members = [r for r in relations if r.kind != over and tuple(r.on.values()) == kinds()[r.kind].key]
    if kinds()[kind].time is not Time.VALIDITY:
        return []
    return [
        Membership(kind, next(iter(group.on)), next(iter(member.on)), member.kind)
        for group in groups
        for member in members
    ]


def membership_of(item: Definition) -> Membership | None:
    """The membership through which an item measures, or nothing."""
    if item.measure is None or not item.measure.through:
        return None
    return memberships(item.measure.through, item.over)[0]
