"""The one definition of the workload: 20 windowed indicators and 40 rules over the account flows of an enterprise.

Houfeng's pack (`pack/pack.yaml`), the Python state of the peers (`peers/keystate.py`) and the SQL of DuckDB are all
made from it. Rules are written once, in what SQL and Python share; `¥` marks an amount in yuan (the peers count in
fen, as integers). There is no `not` and no `<>` in them, so that a NaN for “unknown” in Python says what NULL says in
SQL. `python workload.py` writes the pack again; `--check` says whether the one there is this one.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import NamedTuple

MINUTE, HOUR, DAY = 60, 3600, 86_400
PACK = Path(__file__).parent / "pack" / "pack.yaml"


class Indicator(NamedTuple):
    """A measure over the events of one direction (or both) in a window; all in seconds. No window: ever."""

    name: str
    function: (
        str  # count, sum, mean, min, max, last (of the balance), distinct and top_share (of counterparties), days_since
    )
    direction: str = ""
    window: int = 0
    hop: int = DAY
    offset: int = 0

    @property
    def measure(self) -> str:
        """As the pack writes it."""
        match self.function:
            case "count" | "days_since":
                return f"{self.function}()"
            case "distinct":
                return "distinct(counterparty_id)"
            case "top_share":
                return "top_share(counterparty_id, amount)"
            case "last":
                return "last(balance_after)"
            case function:
                return f"{function}(amount)"


INDICATORS = (
    Indicator("out_count_1h", "count", "out", HOUR, MINUTE),
    Indicator("out_sum_1h", "sum", "out", HOUR, MINUTE),
    Indicator("in_sum_1d", "sum", "in", DAY, HOUR),
    Indicator("out_max_1d", "max", "out", DAY, HOUR),
    Indicator("parties_1d", "distinct", "", DAY, HOUR),
    Indicator("count_7d", "count", "", 7 * DAY),
    Indicator("out_sum_7d", "sum", "out", 7 * DAY),
    Indicator("mean_7d", "mean", "", 7 * DAY),
    Indicator("in_sum_30d", "sum", "in", 30 * DAY),
    Indicator("out_sum_30d", "sum", "out", 30 * DAY),
    Indicator("in_min_30d", "min", "in", 30 * DAY),
    Indicator("top_out_30d", "top_share", "out", 30 * DAY),
    Indicator("in_sum_30d_before", "sum", "in", 30 * DAY, DAY, 30 * DAY),
    Indicator("out_mean_90d", "mean", "out", 90 * DAY),
    Indicator("in_sum_90d", "sum", "in", 90 * DAY),
    Indicator("in_sum_90d_before", "sum", "in", 90 * DAY, DAY, 90 * DAY),
    Indicator("top_in_180d", "top_share", "in", 180 * DAY),
    Indicator("parties_365d", "distinct", "", 365 * DAY),
    Indicator("last_balance", "last", "", 365 * DAY),
    Indicator("days_since_in", "days_since", "in"),
)


class Rule(NamedTuple):
    """Tiers from low to high, what must hold for it to clear (nothing: that no tier holds), and days of cooldown."""

    name: str
    tiers: dict[str, str]
    clear: str = ""
    cooldown: int = 0


def _one(name: str, when: str, clear: str = "", cooldown: int = 0, tier: str = "yellow") -> Rule:
    return Rule(name, {tier: when}, clear, cooldown)


def _two(name: str, yellow: str, red: str, clear: str = "", cooldown: int = 0) -> Rule:
    return Rule(name, {"yellow": yellow, "red": red}, clear, cooldown)


RULES = (
    # an hour
    _two("burst_out", "out_count_1h >= 4", "out_count_1h >= 6", "out_count_1h <= 1"),
    _one("burst_out_large", "out_count_1h >= 3 and out_sum_1h > ¥1_000_000"),
    _two("out_hour", "out_sum_1h > ¥1_000_000", "out_sum_1h > ¥3_000_000"),
    _one("out_hour_over_week", "out_sum_1h > ¥300_000 and out_sum_1h * 10 > out_sum_7d * 9 and count_7d >= 5"),
    _one("out_hour_drains", "out_sum_1h > ¥200_000 and last_balance < ¥500"),
    # a day
    _one("in_day", "in_sum_1d > ¥2_000_000", "in_sum_1d < ¥1_000_000"),
    _two("large_payment", "out_max_1d > ¥1_000_000", "out_max_1d > ¥3_000_000", "", 7),
    _one("many_parties_day", "parties_1d >= 5", "parties_1d <= 2"),
    _one("parties_and_count", "parties_1d >= 4 and out_count_1h >= 3"),
    _one("through_in_a_day", "in_sum_1d > ¥300_000 and out_sum_1h > ¥300_000"),
    _one("in_day_new", "in_sum_1d > ¥500_000 and in_sum_90d_before > 0 and in_sum_90d_before < ¥1_000"),
    _one(
        "in_day_over_month", "in_sum_1d > ¥500_000 and in_sum_1d * 10 > in_sum_30d * 9 and in_sum_30d_before > ¥50_000"
    ),
    # a week
    _two("busy_week", "count_7d >= 12", "count_7d >= 20", "count_7d <= 6", 7),
    _one("out_week", "out_sum_7d > ¥2_000_000", "out_sum_7d < ¥1_000_000", 7),
    _one("week_over_income", "out_sum_7d > ¥1_000_000 and out_sum_7d > in_sum_90d * 5 and in_sum_90d > 0"),
    _one("small_payments", "count_7d >= 6 and mean_7d < ¥5_000"),
    _one("large_payments", "count_7d >= 3 and mean_7d > ¥300_000", "mean_7d < ¥150_000"),
    _one("week_or_hour", "out_sum_7d > ¥3_000_000 or out_sum_1h > ¥1_500_000"),
    # a month
    _one("out_over_in", "in_sum_30d > ¥100_000 and out_sum_30d > in_sum_30d * 20"),
    _two("in_month", "in_sum_30d > ¥4_000_000", "in_sum_30d > ¥8_000_000", "in_sum_30d < ¥2_000_000", 30),
    _one("out_month", "out_sum_30d > ¥5_000_000", "out_sum_30d < ¥2_500_000"),
    _one("smallest_in_large", "in_min_30d > ¥1_500_000"),
    _one("test_payment", "in_min_30d < ¥100 and out_sum_1h > ¥100_000"),
    _one("one_payee", "top_out_30d > 0.95 and out_sum_30d > ¥1_000_000 and count_7d >= 3"),
    _one("payees_even", "top_out_30d < 0.25 and parties_1d >= 3"),
    _one("in_fell_month", "in_sum_30d_before > ¥500_000 and in_sum_30d * 20 < in_sum_30d_before", "", 30),
    _one("in_rose_month", "in_sum_30d_before > ¥20_000 and in_sum_30d > in_sum_30d_before * 50"),
    # a quarter and more
    _one("payment_over_usual", "out_mean_90d > 0 and out_max_1d > out_mean_90d * 5 and out_max_1d > ¥200_000"),
    _two(
        "in_fell_quarter",
        "in_sum_90d_before > ¥800_000 and in_sum_90d * 5 < in_sum_90d_before",
        "in_sum_90d_before > ¥800_000 and in_sum_90d * 20 < in_sum_90d_before",
        "in_sum_90d * 2 > in_sum_90d_before",
        30,
    ),
    _one("in_rose_quarter", "in_sum_90d_before > ¥50_000 and in_sum_90d > in_sum_90d_before * 50"),
    _one("mean_payment", "out_mean_90d > ¥800_000 and count_7d >= 2"),
    _one("one_payer", "top_in_180d > 0.97 and in_sum_90d > ¥1_500_000 and parties_365d >= 3"),
    _one("one_payer_falls", "top_in_180d > 0.8 and in_sum_90d_before > ¥400_000 and in_sum_90d < ¥20_000"),
    _one("many_parties", "parties_365d >= 8 and parties_1d >= 5"),
    _one("few_parties", "parties_365d <= 1 and count_7d >= 4"),
    # balances and silence
    _one("balance_gone", "last_balance < ¥50", "last_balance > ¥5_000", 30, "orange"),
    _one("balance_low_paying", "last_balance < ¥300 and out_sum_7d > ¥50_000"),
    _one("no_income", "days_since_in >= 60 and out_sum_30d > ¥500_000", "days_since_in < 30"),
    _one("no_income_long", "days_since_in >= 150 and out_sum_7d > ¥300_000", "days_since_in < 30"),
    _one("back_after_silence", "days_since_in >= 30 and out_count_1h >= 2 and out_sum_1h > ¥300_000"),
)


def python_of(condition: str) -> str:
    """A condition over values in fen, as Python."""
    return re.sub(r"(?<![<>=])=(?!=)", "==", re.sub(r"¥([\d_]+)", lambda m: m[1] + "_00", condition))


def sql_of(condition: str) -> str:
    """A condition over values in fen, as SQL."""
    return re.sub(r"¥([\d_]+)", lambda m: m[1].replace("_", "") + "00", condition)


def pack_of(condition: str) -> str:
    """A condition over values in yuan, as the pack language has it."""
    return re.sub(r"¥([\d_]+)", lambda m: m[1].replace("_", ""), condition)


def span(seconds: int) -> str:
    """A length of time as the pack language writes it."""
    for size, name in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")):
        if seconds % size == 0:
            return f"{seconds // size} {name}"
    raise ValueError(f"not whole minutes: {seconds}")


def pack_text() -> str:
    """The pack, as YAML."""
    lines = [
        "# Written by benchmarks/watch/workload.py: change that, not this.",
        "pack: bench-watch",
        "version: 1.0.0",
        "label: {zh: 值守基准, en: Benchmark of the watch}",
        "description: {zh: 基准用，阈值无业务含义。, en: For the benchmark; the thresholds mean nothing.}",
        "indicators:",
    ]
    for item in INDICATORS:
        parts = [f"label: {{zh: {item.name}, en: {item.name}}}", "over: enterprise", "from: account_flow"]
        parts.append("by: enterprise_id")
        parts += [f"where: direction = '{item.direction}'"] if item.direction else []
        parts.append(f'measure: "{item.measure}"')
        parts += [f"window: {span(item.window)}", f"hop: {span(item.hop)}"] if item.window else []
        parts += [f"offset: {span(item.offset)}"] if item.offset else []
        lines.append(f"  {item.name}: {{{', '.join(parts)}}}")
    lines.append("rules:")
    for number, rule in enumerate(RULES, 1):
        first = next(name for name in re.findall(r"[a-z_]\w+", "".join(rule.tiers.values())))
        lines += [
            f"  {rule.name}:",
            f"    id: W{number:02}",
            f"    label: {{zh: {rule.name}, en: {rule.name}}}",
            "    over: enterprise",
            "    group: flow",
            "    kind: practice",
            "    tiers:",
            *(f"      {tier}: {pack_of(when)}" for tier, when in rule.tiers.items()),
            *([f"    clear_when: {pack_of(rule.clear)}"] if rule.clear else []),
            *([f"    cooldown: {rule.cooldown} days"] if rule.cooldown else []),
            f'    reason: {{zh: "{first}为{{{first}}}", en: "{first} is {{{first}}}"}}',
            "    reference: benchmarks/watch",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the pack, or check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        if PACK.read_text(encoding="utf-8") != pack_text():
            raise SystemExit(f"{PACK} is not what workload.py says; write it again")
        return
    PACK.parent.mkdir(exist_ok=True)
    PACK.write_text(pack_text(), encoding="utf-8")


assert len(INDICATORS) == 20
assert len(RULES) == 40
if __name__ == "__main__":
    main()
