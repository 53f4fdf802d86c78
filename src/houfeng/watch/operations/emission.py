"""Where each step of an alert goes: to people, or only into storage. Pure: no clock, no chance, no files.

Three sentences carry it; docs/how-to/run-the-watch.md has the table.

1. An opening, and an escalation of an alert nobody was told of, is judged: by the rule's life, silences, the kill
   switch, the budget, in this order. A red one is never held by the budget.
2. Whoever was told the beginning is told the rest. Only the kill switch holds back steps of an alert that was told.
3. A clearing goes where the alert went.

The state belongs to a place in the log: kept and restored together with the state of the rules, it gives the same
deliveries again. Days are days of event time; changes come in order of time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from houfeng.errors import Text, UsageError
from houfeng.packs.model import TIERS
from houfeng.watch.journal.entries import Command
from houfeng.watch.live.changes import CLEARED, OPENED, Change
from houfeng.watch.operations.budget import LATER, NO_LIMIT, RELEASED, Budgets, Tally
from houfeng.watch.operations.deliveries import RELEASE, SENT, Delivery, Outcome, Verdict, change_of, plain_change
from houfeng.watch.operations.life import CHANNELS, EMITTED, HELD, SILENCED, STOPPED, Life, Turn
from houfeng.watch.operations.life import stage as read_stage
from houfeng.watch.operations.orders import DEFAULT, Known, check_order, check_pack, find_rule
from houfeng.watch.operations.silences import LOUDEST, Silence, Silences

ANSWERS_KEPT = 1_000
OVER_KEPT = 100_000
"""So many alerts on single events wait for a release; memory must not grow with the length of a stop."""
RED = TIERS[-1]
DAYS_TOLD = 7
"""Days of counts in a summary; the whole state has all that are kept."""

Done = tuple[Text, tuple[Delivery, ...]]


class Emission:
    """The life of all rules, silences, budgets and the kill switch, and the channel of every open alert."""

    def __init__(self, rules: Iterable[Known], budget: int | None = None) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self.lives: dict[str, Life] = {}
        self.silences = Silences()
        self.budgets = Budgets(budget)
        self.tally = Tally()
        self.stop: Turn | None = None
        self.loads: list[dict[str, Any]] = []
        """Every version of the pack that was loaded: name, version, digest; who, why, and from which entry."""
        self._open: dict[str, Verdict] = {}
        self._counts: Counter[str] = Counter()
        self._verdicts: dict[Verdict, Verdict] = {}  # each kept once: there may be a million open alerts
        self._waiting: dict[str, Change] = {}
        self._over: dict[str, None] = {}  # of those that wait, the ones that were over at once
        self.beyond = 0
        """Alerts on single events that a stop kept back beyond `OVER_KEPT`: they stand in the journal only."""
        self._answers: dict[str, tuple[bool, str, str]] = {}

    # — commands —

    def knows(self, command_id: str) -> bool:
        """Whether a command was answered already: it must not go into the log again."""
        return command_id in self._answers

    def answer(self, command_id: str) -> tuple[bool, Text]:
        """What was said to a command."""
        accepted, zh, en = self._answers[command_id]
        return accepted, Text(zh, en)

    def apply(self, command: Command, *, seq: int, at: datetime, watermark: int) -> Outcome:
        """Take a command or refuse it, at its place in the log. A command of a known id changes nothing."""
        known = self._answers.get(command.id)
        if known is not None:
            return Outcome(known[0], Text(known[1], known[2]), again=True)
        self.silences.tidy(watermark)
        deliveries: tuple[Delivery, ...] = ()
        try:
            if not command.who.strip() or not command.why.strip():
                raise UsageError(
                    Text("每项更改都要写明谁（who）和为什么（why）", "every change must say who makes it and why")
                )
            check_order(command.what)
            turn = Turn(command.what["do"], command.who, command.why, at.isoformat(" "), seq, command.id)
            text, deliveries = self._order(command.what["do"])(command.what, turn, watermark)
            accepted = True
        except UsageError as refused:
            accepted, text = False, refused.message
        self._answers[command.id] = (accepted, *text)
        if len(self._answers) > ANSWERS_KEPT:
            del self._answers[next(iter(self._answers))]
        return Outcome(accepted, text, deliveries)

    def _order(self, do: str) -> Callable[[Mapping[str, Any], Turn, int], Done]:
        return {
            "life": self._move,
            "rollback": self._rollback,
            "silence": self._silence,
            "unsilence": self._unsilence,
            "budget": self._budget,
            "load": self._load,
            "stop": self._stop,
            "resume": self._resume,
            "release": self._release,
        }[do]

    def _move(self, what: Mapping[str, Any], turn: Turn, watermark: int) -> Done:
        rule, to = find_rule(what["rule"], self.rules).name, read_stage(what["to"])
        self.lives.setdefault(rule, Life()).move(rule, to, turn)
        return Text(f"{rule}：{to.name().zh}", f"{rule}: {to.name().en}"), ()

    def _rollback(self, what: Mapping[str, Any], turn: Turn, watermark: int) -> Done:
        rule = find_rule(what["rule"], self.rules).name
        life = self.lives.setdefault(rule, Life())
        life.back(rule, turn._replace(back=True))
        return Text(f"{rule} 已退回：{life.now.name().zh}", f"{rule} is back to: {life.now.name().en}"), ()

    def _silence(self, what: Mapping[str, Any], turn: Turn, watermark: int) -> Done:
        rule = find_rule(what["rule"], self.rules).name if what.get("rule") else ""
        self.silences.add(
            Silence(
                turn.command,
                what["until"],
                what.get("tier") or LOUDEST,
                turn,
                rule=rule,
                key=what.get("key", ""),
                group=what.get("group", ""),
            ),
            watermark,
        )
        return Text(f"静默 {turn.command} 已生效", f"silence {turn.command} is in force"), ()

    def _unsilence(self, what: Mapping[str, Any], turn: Turn, watermark: int) -> Done:
        ended = self.silences.end(what["silence"], turn)
        return Text(f"静默 {ended.id} 已结束", f"silence {ended.id} is over"), ()

    def _budget(self, what: Mapping[str, Any], turn: Turn, watermark: int) -> Done:
        per_day = what["per_day"]
        rule = find_rule(what["rule"], self.rules).name if what.get("rule") else ""
        self.budgets.made[rule] = turn._asdict() | {"to": str(per_day)}
        if not rule:
            self.budgets.default = None if per_day == NO_LIMIT else per_day
        elif per_day == DEFAULT:
            self.budgets.of.pop(rule, None)
        else:
            self.budgets.of[rule] = None if per_day == NO_LIMIT else per_day
        limit = self.budgets.limit(rule)
        return Text(
            f"{rule or '默认'} 的每日预算：{'不限' if limit is None else limit}",
            f"budget per day of {rule or 'any rule'}: {'no limit' if limit is None else limit}",
        ), ()

    def _load(self, what: Mapping[str, Any], turn: Turn, watermark: int) -> Done:
        check_pack(what["pack"], self.rules)
        self.loads.append({name: what[name] for name in ("pack", "version", "digest")} | turn._asdict())
        told = f"{what['pack']} {what['version']}"
        return Text(f"{told} 已装入", f"{told} is loaded"), ()

    def _stop(self, what: Mapping[str, Any], turn: Turn, watermark: int) -> Done:
        if self.stop is not None:
            raise UsageError(
                Text(
                    f"外发已由 {self.stop.who} 于 {self.stop.at} 停止；恢复用 houfeng watch resume",
                    f"emission was stopped by {self.stop.who} at {self.stop.at}; houfeng watch resume starts it again",
                )
            )
        self.stop = turn
        return Text("外发已停止；评估和存储照常", "emission is stopped; evaluation and storage go on"), ()

    def _resume(self, what: Mapping[str, Any], turn: Turn, watermark: int) -> Done:
        if self.stop is None:
            raise UsageError(Text("外发并未停止", "emission is not stopped"))
        self.stop = None
        waiting = len(self._waiting)
        return Text(
            f"外发已恢复；停止期间的 {waiting} 条预警等待补发：houfeng watch release",
            f"emission goes on; {waiting} alerts of the stop wait for houfeng watch release",
        ), ()

    def _release(self, what: Mapping[str, Any], turn: Turn, watermark: int) -> Done:
        if self.stop is not None:
            raise UsageError(
                Text("外发仍是停止的；先 houfeng watch resume", "emission is still stopped; houfeng watch resume first")
            )
        only = find_rule(what["rule"], self.rules).name if what.get("rule") else ""
        chosen = [change for change in self._waiting.values() if only in ("", change.rule)]
        out = [self._let_go(change, turn.command, watermark) for change in chosen]
        sent = tuple(delivery for delivery in out if delivery is not None)
        zh = f"已补发 {len(sent)} 条；{len(out) - len(sent)} 条因规则状态或静默不发"
        en = f"{len(sent)} released; {len(out) - len(sent)} not sent: their rule no longer speaks, or a silence"
        if self.beyond and not only:
            zh += f"；另有 {self.beyond} 条单事件预警只在预警记录中"
            en += f"; {self.beyond} more alerts on single events stand in the journal only"
            self.beyond = 0
        return Text(zh, en), sent

    def _let_go(self, change: Change, command: str, watermark: int) -> Delivery | None:
        """Deliver what waits, if it may be told now."""
        alert_id = change.alert_id
        verdict = self._open[alert_id]
        if verdict.channel != EMITTED:
            verdict = self._by_life(change) or self._by_silence(change, watermark) or SENT
            self._remember(alert_id, verdict)
            if verdict.channel == EMITTED:
                self.tally.count(change.rule, change.at, RELEASED)
        del self._waiting[alert_id]
        if change.what == CLEARED or alert_id in self._over:
            self._over.pop(alert_id, None)
            self._forget(alert_id)
        return Delivery(change, EMITTED, f"{RELEASE}{command}") if verdict.channel == EMITTED else None

    def refuse(self, command: Command, text: Text) -> Outcome:
        """Answer a command with no, for a reason that lies outside of the emission."""
        self._answers[command.id] = (False, *text)
        self.loads = [one for one in self.loads if one["command"] != command.id]
        return Outcome(False, text)

    def know(self, rules: Iterable[Known]) -> None:
        """Go on with the rules of another version of the pack; lives, silences and budgets stay."""
        self.rules = {rule.name: rule for rule in rules}

    # — alerts —

    def route(self, changes: Sequence[Change]) -> list[Delivery]:
        """The channel of each step, in the order given."""
        return [Delivery(change, *self._route(change)) for change in changes]

    def _route(self, change: Change) -> Verdict:
        before = self._open.get(change.alert_id)
        if before is not None and before.channel == EMITTED:
            verdict = self._go_on(change)
        elif before is not None and change.what == CLEARED:
            self._end_untold(change)
            verdict = before
        else:
            verdict = self._judge(change)
            if before is None and change.what != CLEARED:
                self.tally.count(change.rule, change.at, verdict.channel)
            elif verdict.channel == EMITTED and change.what != CLEARED:
                self.tally.count(change.rule, change.at, LATER)
            self._keep(change, verdict)
        if change.what == CLEARED and change.alert_id not in self._waiting:
            self._forget(change.alert_id)
        return verdict

    def _go_on(self, change: Change) -> Verdict:
        """A later step of an alert that was told: told too, unless all emission is stopped."""
        if self.stop is None:
            self._waiting.pop(change.alert_id, None)
            return SENT
        self._waiting[change.alert_id] = change
        return Verdict(STOPPED, self.stop.command)

    def _end_untold(self, change: Change) -> None:
        """Nothing of it waits any more, unless it was over at once: an alert on one event is no less true for that."""
        opening = self._waiting.get(change.alert_id)
        if opening is not None and opening.at == change.at and opening.what == OPENED:
            if len(self._over) < OVER_KEPT:
                self._over[change.alert_id] = None
                return
            self.beyond += 1
        self._waiting.pop(change.alert_id, None)

    def _keep(self, change: Change, verdict: Verdict) -> None:
        if change.what == CLEARED:
            return
        self._remember(change.alert_id, verdict)
        if verdict.channel == STOPPED:
            self._waiting[change.alert_id] = change
        else:
            self._waiting.pop(change.alert_id, None)

    def _remember(self, alert_id: str, verdict: Verdict) -> None:
        self._forget(alert_id)
        self._open[alert_id] = self._verdicts.setdefault(verdict, verdict)
        self._counts[verdict.channel] += 1

    def _forget(self, alert_id: str) -> None:
        before = self._open.pop(alert_id, None)
        if before is not None:
            self._counts[before.channel] -= 1

    def _judge(self, change: Change) -> Verdict:
        verdict = self._by_life(change) or self._by_silence(change, change.at)
        if verdict is not None:
            return verdict
        if self.stop is not None:
            return Verdict(STOPPED, self.stop.command)
        limit = self.budgets.limit(change.rule)
        if (
            limit is None
            or change.tier == RED
            or change.what == CLEARED
            or self.tally.told(change.rule, change.at) < limit
        ):
            return SENT
        return Verdict(HELD, str(limit))

    def _by_life(self, change: Change) -> Verdict | None:
        life = self.lives.get(change.rule)
        channel = EMITTED if life is None else life.channel(change.rule, change.key)
        return None if life is None or channel == EMITTED else Verdict(channel, str(life.now))

    def _by_silence(self, change: Change, at: int) -> Verdict | None:
        silence = self.silences.over(change.rule, change.key, change.group, change.tier, at)
        return Verdict(SILENCED, silence.id) if silence else None

    def adopt(self, channels: Mapping[str, str], stopped: Iterable[Change] = ()) -> None:
        """Take open alerts whose openings were routed elsewhere: by a watch before this one, or while rules warmed.

        `stopped` are the last steps of those among them that the kill switch kept back.
        """
        for alert_id, channel in channels.items():
            if alert_id not in self._open:
                self._remember(alert_id, Verdict(channel, ""))
        for change in stopped:
            self._waiting.setdefault(change.alert_id, change)

    def keep_waiting_only(self) -> None:
        """Forget every open alert but those that wait for a release: the journal knows better what became of them."""
        for alert_id in [alert for alert in self._open if alert not in self._waiting]:
            self._forget(alert_id)

    # — state —

    def summary(self) -> dict[str, Any]:
        """All that people ask for, without the list of open alerts: small enough to write every second."""
        return {
            "rules": [list(rule) for rule in self.rules.values()],
            "lives": {rule: life.dump() for rule, life in self.lives.items()},
            "silences": self.silences.dump(),
            "budgets": self.budgets.dump(),
            "tally": self.tally.dump(DAYS_TOLD),
            "stop": self.stop._asdict() if self.stop else None,
            "loads": self.loads,
            "open_by_channel": {channel: n for channel in CHANNELS if (n := self._counts[channel])},
            "waiting": len(self._waiting),
            "beyond": self.beyond,
        }

    def dump(self) -> dict[str, Any]:
        """The whole state as JSON-able values: the summary, and every open alert."""
        groups: dict[Verdict, list[str]] = {}
        for alert_id, verdict in self._open.items():
            groups.setdefault(verdict, []).append(alert_id)
        return self.summary() | {
            "tally": self.tally.dump(),
            "open": [[*verdict, ids] for verdict, ids in sorted(groups.items())],
            "stopped": [plain_change(change) for change in self._waiting.values()],
            "over": list(self._over),
            "answers": {command: list(answer) for command, answer in self._answers.items()},
        }

    def load(self, found: Mapping[str, Any]) -> None:
        """Take the state that `dump` gave. The rules stay those of this emission: a pack may have changed since.

        A summary will do where only commands are tried.
        """
        self.lives = {rule: Life.load(life) for rule, life in found["lives"].items()}
        self.silences = Silences.load(found["silences"])
        self.budgets = Budgets.load(found["budgets"])
        self.tally = Tally.load(found["tally"])
        self.stop = Turn(**found["stop"]) if found["stop"] else None
        self.loads = list(found.get("loads", ()))
        self._open, self._verdicts, self._counts = {}, {}, Counter()
        for channel, cause, ids in found.get("open", ()):
            verdict = Verdict(channel, cause)
            self._verdicts[verdict] = verdict
            self._open.update(dict.fromkeys(ids, verdict))
            self._counts[channel] += len(ids)
        changes = [change_of(plain) for plain in found.get("stopped", ())]
        self._waiting = {change.alert_id: change for change in changes}
        self._over = dict.fromkeys(found.get("over", ()))
        self.beyond = found["beyond"]
        self._answers = {
            command: (answer[0], answer[1], answer[2]) for command, answer in found.get("answers", {}).items()
        }

    def waiting(self) -> list[Change]:
        """The last step of each alert that the kill switch kept back and that is not released yet."""
        return list(self._waiting.values())
