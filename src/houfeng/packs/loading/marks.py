"""Read what ties measured rows to a key: the fields that lead there, members, and the events before or against them."""

from __future__ import annotations

from houfeng.book.model import Time, kinds
from houfeng.errors import Text, did_you_mean
from houfeng.packs.language.functions import T
from houfeng.packs.loading.binder import EntryBinder
from houfeng.packs.loading.reader import EntryReader
from houfeng.packs.membership import memberships
from houfeng.packs.model import Mark

NOTHING = Text("", "")


class MarkReader(EntryBinder):
    """Reads `by`, `through`, `after` and `without`."""

    def mark(self, reader: EntryReader, key: str, over: str) -> Mark | None:
        """The events named at `key` (`after` or `without`), or nothing with a problem."""
        item = reader.get(key)
        if item is None:
            return None
        if item.entries is None:
            reader.report(
                "pack.shape", item, f"{key} 应写作 {{from: …, where: …}}", f"{key} should be {{from: …, where: …}}"
            )
            return None
        inner = EntryReader(reader.entry, reader.problems, item)
        inner.allow(("from", "where", "by"), ("from",))
        source = self.kind(inner, "from")
        if not source:
            return None
        if kinds()[source].time is not Time.EVENT:
            inner.report(
                "pack.mark",
                inner.get("from"),
                f"{source} 不是事件，不能作 {key}",
                f"{source} is not an event kind: it cannot stand in {key}",
                Text("改用有时刻的种类，如 loan_flow", "name a kind of events, such as loan_flow"),
            )
            return None
        by = self.by(inner, over, source)
        written = inner.get("where")
        where = self.expression(inner, written, source, T.BOOLEAN, own_only=True)
        if not by or (written is not None and where is None):
            return None
        return Mark(source, by, where)

    def marks_fit(self, reader: EntryReader, function: str, window: int) -> bool:
        """Whether `after` and `without` stand where they mean something."""
        after, without, offset = (reader.get(key) for key in ("after", "without", "offset"))
        if after is not None and not window:
            reader.report(
                "pack.mark",
                after,
                "after 要与 window 同用：先后事件都在窗口内",
                "after needs a window: both events stand in it",
                Text("写上 window: 7 days 这样的窗口", "give a window, such as window: 7 days"),
            )
        elif after is not None and offset is not None:
            self._no_offset(reader, "after")
        elif without is not None and function != "days_since":
            reader.report(
                "pack.mark",
                without,
                "without 只与 days_since() 同用：数从未获回应起的天数",
                "without goes with days_since() only: days since what was not followed",
                Text("写作 measure: days_since()", "write measure: days_since()"),
            )
        elif without is not None and offset is not None:
            self._no_offset(reader, "without")
        else:
            return True
        return False

    def _no_offset(self, reader: EntryReader, key: str) -> None:
        reader.report(
            "pack.mark",
            reader.get("offset"),
            f"{key} 不与 offset 同用：先后次序总看到当下",
            f"{key} has no offset: an order of events is looked at up to now",
            Text("去掉 offset", "leave offset out"),
        )

    def member_kind(self, reader: EntryReader, over: str) -> str:
        """The kind that `by` leads to: with `through`, that of the members; empty, with a problem, if wrong."""
        if reader.get("through") is None:
            return over
        through = self.kind(reader, "through")
        if not through:
            return ""
        found = memberships(through, over)
        if len(found) == 1:
            return found[0].member_kind
        ways = [k for k in kinds() if len(memberships(k, over)) == 1]
        hint = Text(f"可用：{'、'.join(ways)}", f"these do: {', '.join(ways)}") if ways else NOTHING
        reader.report(
            "pack.through",
            reader.get("through"),
            f"{through} 不说明谁是 {over} 的成员（要是有效期记录，一条关系通向 {over}，一条通向成员）",
            f"{through} tells no members of {over}: that takes validity, one relation to {over}, one to a member",
            hint,
        )
        return ""

    def by(self, reader: EntryReader, over: str, source: str) -> tuple[str, ...]:
        """The fields of `source` that hold the key of `over`, in key order; empty, with a problem, where unclear."""
        kind, target = kinds()[source], kinds()[over]
        leading = {
            name: tuple(own for key in target.key for own, there in relation.on.items() if there == key)
            for name, relation in kind.relations.items()
            if relation.kind == over and set(relation.on.values()) == set(target.key)
        }
        named = reader.string("by")
        if named in leading:
            return leading[named]
        if named in kind.fields and len(target.key) == 1:
            return (named,)
        if named:
            reader.report(
                "pack.by",
                reader.get("by"),
                f"{source} 的 {named} 不通向 {over}",
                f"{named} of {source} does not lead to {over}",
                did_you_mean(named, [*leading, *kind.fields]),
            )
            return ()
        if source == over:
            return target.key
        if over in leading:  # a relation that bears the kind's own name is the plain one
            return leading[over]
        if len(leading) == 1:
            return next(iter(leading.values()))
        hint = (
            Text(f"用 by 指明：{'、'.join(leading)}", f"say which with by: {', '.join(leading)}")
            if leading
            else NOTHING
        )
        reader.report(
            "pack.by",
            reader.get("from"),
            f"{source} 通向 {over} 的关系有 {len(leading)} 条",
            f"{len(leading)} relations lead from {source} to {over}",
            hint,
        )
        return ()
