"""Who may do what: roles, permissions, scope, and the viewer who carries them through every call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from houfeng.errors import AccessError, Text


class Role(StrEnum):
    """What somebody is here for. One person may have several, but only one of the three administrators."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    OFFICER = "officer"
    APPROVER = "approver"
    REPORTER = "reporter"
    ENTERPRISE = "enterprise"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


class Permission(StrEnum):
    """One thing that may be allowed. A page asks for exactly one of them."""

    SEE_MARKET = "see_market"
    SEE_ALERTS = "see_alerts"
    HANDLE_ALERTS = "handle_alerts"
    SEE_CASES = "see_cases"
    WORK_CASES = "work_cases"
    APPROVE = "approve"
    SEE_PACKS = "see_packs"
    PROPOSE_PACKS = "propose_packs"
    SEE_DATA = "see_data"
    SUBMIT_DATA = "submit_data"
    EXPORT = "export"
    SEE_CLAIMS = "see_claims"
    MAKE_CLAIMS = "make_claims"
    DECIDE_CLAIMS = "decide_claims"
    SEE_DELIVERY = "see_delivery"
    ANSWER_NEEDS = "answer_needs"
    RUN_MATCHING = "run_matching"
    SEE_CREDIT = "see_credit"
    SEE_CONDUCT = "see_conduct"
    WORK_CONDUCT = "work_conduct"
    ANSWER_DISPUTES = "answer_disputes"
    SEE_OWN_FIRM = "see_own_firm"
    SEE_JOURNAL = "see_journal"
    EXPORT_JOURNAL = "export_journal"
    MANAGE_USERS = "manage_users"
    MANAGE_SYSTEM = "manage_system"
    SEE_JOBS = "see_jobs"
    USE_ACCOUNT = "use_account"


P = Permission
_VIEWER = frozenset({P.SEE_MARKET, P.SEE_ALERTS, P.SEE_CASES, P.SEE_PACKS, P.SEE_DATA, P.EXPORT, P.USE_ACCOUNT}) | {
    P.SEE_CLAIMS,
    P.SEE_DELIVERY,
    P.SEE_CREDIT,
    P.SEE_CONDUCT,
}
_ANALYST = _VIEWER | {P.PROPOSE_PACKS}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.OFFICER: _ANALYST
    | {P.HANDLE_ALERTS, P.WORK_CASES, P.SUBMIT_DATA}
    | {P.DECIDE_CLAIMS, P.RUN_MATCHING, P.WORK_CONDUCT},
    Role.APPROVER: _VIEWER | {P.APPROVE, P.WORK_CASES},
    Role.REPORTER: frozenset({P.SEE_DATA, P.SUBMIT_DATA, P.USE_ACCOUNT})
    | {P.SEE_CLAIMS, P.MAKE_CLAIMS, P.SEE_DELIVERY, P.ANSWER_NEEDS}
    | {P.SEE_CONDUCT, P.ANSWER_DISPUTES},
    Role.ENTERPRISE: frozenset({P.SEE_OWN_FIRM, P.USE_ACCOUNT}),
    Role.SYSTEM_ADMIN: frozenset({P.MANAGE_SYSTEM, P.SEE_JOBS, P.USE_ACCOUNT}),
    Role.SECURITY_ADMIN: frozenset({P.MANAGE_USERS, P.USE_ACCOUNT}),
    Role.AUDIT_ADMIN: frozenset({P.SEE_JOURNAL, P.EXPORT_JOURNAL, P.USE_ACCOUNT}),
}

ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})

ROLE_NAMES: Mapping[Role, Text] = {
    Role.VIEWER: Text("查看员", "Viewer"),
    Role.ANALYST: Text("分析员", "Analyst"),
    Role.OFFICER: Text("经办员", "Officer"),
    Role.APPROVER: Text("审批人", "Approver"),
    Role.REPORTER: Text("报送员", "Reporter"),
    Role.ENTERPRISE: Text("企业用户", "Enterprise"),
    Role.SYSTEM_ADMIN: Text("系统管理员", "System administrator"),
    Role.SECURITY_ADMIN: Text("安全管理员", "Security administrator"),
    Role.AUDIT_ADMIN: Text("审计管理员", "Audit administrator"),
}

PERMISSION_NAMES: Mapping[Permission, Text] = {
    P.SEE_MARKET: Text("查看市场数据", "see the market"),
    P.SEE_ALERTS: Text("查看预警", "see alerts"),
    P.HANDLE_ALERTS: Text("处理预警", "handle alerts"),
    P.SEE_CASES: Text("查看案件", "see cases"),
    P.WORK_CASES: Text("办理案件", "work on cases"),
    P.APPROVE: Text("审批", "approve"),
    P.SEE_PACKS: Text("查看政策包", "see packs"),
    P.PROPOSE_PACKS: Text("提出政策包变更", "propose changes of packs"),
    P.SEE_DATA: Text("查看报送数据", "see data and submissions"),
    P.SUBMIT_DATA: Text("报送数据", "submit data"),
    P.EXPORT: Text("导出", "export"),
    P.SEE_CLAIMS: Text("查看再贷款与贴息申报", "see claims"),
    P.MAKE_CLAIMS: Text("申报再贷款与贴息", "make claims"),
    P.DECIDE_CLAIMS: Text("审核申报", "decide on claims"),
    P.SEE_DELIVERY: Text("查看政策直达", "see how policies arrive"),
    P.ANSWER_NEEDS: Text("答复融资需求", "answer financing needs"),
    P.RUN_MATCHING: Text("组织银企对接", "run the matching"),
    P.SEE_CREDIT: Text("查看信用画像与评分", "see credit portraits and scores"),
    P.SEE_CONDUCT: Text("查看信用画像、异议与名单", "see portraits of credit, disputes and lists"),
    P.WORK_CONDUCT: Text("办理信用名单、异议与证据包", "work on lists, disputes and evidence"),
    P.ANSWER_DISPUTES: Text("答复信用异议", "answer disputes about one's facts"),
    P.SEE_OWN_FIRM: Text("查看本企业", "see one's own enterprise"),
    P.SEE_JOURNAL: Text("查看审计日志", "see the journal"),
    P.EXPORT_JOURNAL: Text("导出审计日志", "export the journal"),
    P.MANAGE_USERS: Text("管理用户", "manage users"),
    P.MANAGE_SYSTEM: Text("管理系统", "manage the system"),
    P.SEE_JOBS: Text("查看后台任务", "see all jobs"),
    P.USE_ACCOUNT: Text("使用账号", "use an account"),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows somebody may see. `None` means all; the parts that are not `None` narrow each other.

    `regions` are official codes (GB/T 2260) of any level: 41 or 410000 a province, 410100 a city, 410102 a district.
    """

    regions: frozenset[str] | None = None
    institutions: frozenset[str] | None = None
    enterprise: str | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is held back."""
        return self.regions is None and self.institutions is None and self.enterprise is None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. `via` says how they signed in; `only` is what a token allows at most."""

    user_id: int
    login: str
    name: str
    roles: frozenset[Role]
    scope: Scope = EVERYTHING
    lang: str = "zh"
    via: str = "password"
    only: frozenset[Permission] | None = None
    session_id: int | None = None
    must_change: bool = False

    @property
    def permissions(self) -> frozenset[Permission]:
        """All this viewer may do; somebody who must change the password may do nothing else."""
        if self.must_change:
            return frozenset({Permission.USE_ACCOUNT})
        allowed = permissions_of(self.roles)
        return allowed if self.only is None else allowed & self.only

    def may(self, permission: Permission) -> bool:
        """Whether `permission` is theirs."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise AccessError unless `permission` is theirs."""
        if not self.may(permission):
            told = PERMISSION_NAMES[permission]
            raise AccessError(
                Text(
                    f"您的角色不能{told.zh}；如确有需要，请联系安全管理员。",
                    f"your roles do not allow you to {told.en}; ask the security administrator if you need it",
                )
            )


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What `roles` together allow. Everybody who is somebody may use their own account."""
    return frozenset({Permission.USE_ACCOUNT}).union(*(PERMISSIONS[role] for role in roles))
