"""The two lists, the grounds for them, and the life of an entry: states, moves, ways to leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from houfeng.errors import Text

INCENTIVE, PUNISHMENT = "incentive", "punishment"
LISTS: Mapping[str, Text] = {
    INCENTIVE: Text("守信联合激励名单", "List of joint incentive"),
    PUNISHMENT: Text("失信联合惩戒名单", "List of joint punishment"),
}
LEVELS: Mapping[str, Text] = {
    "slight": Text("轻微", "slight"),
    "ordinary": Text("一般", "ordinary"),
    "serious": Text("严重", "serious"),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """Why an enterprise may be listed, how grave it is, and what it rests on."""

    name: str
    list_kind: str
    label: Text
    reference: str
    level: str = ""


GROUNDS: Mapping[str, Ground] = {
    ground.name: ground
    for ground in (
        Ground(
            "evasion_found",
            PUNISHMENT,
            Text("经有权机关认定逃废债", "Evasion of debts found by a competent authority"),
            "国办发〔2020〕49号：须有已生效的法律文书或认定文件",
            "serious",
        ),
        Ground(
            "judgment_refused",
            PUNISHMENT,
            Text("拒不执行生效判决、裁定", "Refusal to carry out a judgment"),
            "《刑法》第三百一十三条",
            "serious",
        ),
        Ground(
            "dishonest_debtor",
            PUNISHMENT,
            Text("失信被执行人", "Dishonest debtor of a court"),
            "法释〔2017〕7号（条文待逐字核对）",
            "serious",
        ),
        Ground(
            "loan_fraud",
            PUNISHMENT,
            Text("骗取贷款，经司法认定", "Loan fraud found by a court"),
            "《刑法》第一百七十五条之一",
            "serious",
        ),
        Ground(
            "serious_violation",
            PUNISHMENT,
            Text("严重违法失信", "Serious violation"),
            "市场监管总局令第44号（待逐字核对）",
            "serious",
        ),
        Ground(
            "funds_misused",
            PUNISHMENT,
            Text("挪用再贷款、贴息资金，经审计认定", "Misuse of relending or subsidy, found by audit"),
            "各工具管理办法；国办发〔2020〕49号",
            "ordinary",
        ),
        Ground(
            "false_report",
            PUNISHMENT,
            Text("提供虚假材料，经核实", "False papers, verified"),
            "国办发〔2020〕49号",
            "ordinary",
        ),
        Ground(
            "late_obligation",
            PUNISHMENT,
            Text("未按期履行法定义务，已责令改正", "An obligation not met in time"),
            "国家发展改革委令第36号（轻微失信）",
            "slight",
        ),
        Ground(
            "taxpayer_a",
            INCENTIVE,
            Text("纳税信用A级", "Taxpayer of grade A"),
            "国发〔2016〕33号；纳税信用管理办法",
        ),
        Ground(
            "repaid_in_time",
            INCENTIVE,
            Text("连续三年按期还本付息", "Repaid in time for three years"),
            "本系统默认；由认定部门规定",
        ),
        Ground(
            "honoured",
            INCENTIVE,
            Text("省部级以上诚信荣誉", "Honoured for honesty by a province or ministry"),
            "国发〔2016〕33号",
        ),
    )
}


class State(StrEnum):
    """Where an entry stands."""

    NOTICED = "noticed"
    LISTED = "listed"
    LEFT = "left"
    DROPPED = "dropped"


STATES: Mapping[State, Text] = {
    State.NOTICED: Text("已告知，待列入", "Noticed, not listed yet"),
    State.LISTED: Text("在名单", "Listed"),
    State.LEFT: Text("已移出", "Left"),
    State.DROPPED: Text("未列入", "Dropped"),
}

EXPIRED, REPAIRED, REMOVED = "expired", "repaired", "removed"
WAYS_OUT: Mapping[str, Text] = {
    EXPIRED: Text("期满移出", "Term ended"),
    REPAIRED: Text("信用修复", "Repaired"),
    REMOVED: Text("依据撤销或认定有误", "Ground withdrawn or wrong"),
}

PUT, REPAIR, REMOVE = "put", "repair", "remove"
SIGNED: Mapping[str, Text] = {
    PUT: Text("列入名单", "Put on the list"),
    REPAIR: Text("信用修复移出", "Leave by repair"),
    REMOVE: Text("移出名单", "Remove from the list"),
}
"""What another person must sign."""
