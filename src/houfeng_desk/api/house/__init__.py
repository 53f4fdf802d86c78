"""The house: people, jobs, approvals, notices, the journal, one's own account, exports, briefings, help."""

from houfeng_desk.api.house import account, admin, exports, finding, office, reports, work

ROUTERS = (
    office.router,
    work.router,
    exports.router,
    reports.router,
    account.router,
    finding.router,
    admin.router,
)
