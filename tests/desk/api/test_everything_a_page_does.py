"""`/api/v1` gives and does everything a page gives and does: each route of the pages has its operation, or a reason."""

from __future__ import annotations

import re

from desk.shell.walks.walking_samples import marker, walked
from houfeng_desk.api.document import document
from houfeng_desk.api.house.exports import EXPORTED, SHAPES
from houfeng_desk.app import DeskApp

BROWSER = {
    "/sign-in", "/sign-in/oidc/{name}", "/sign-in/oidc/{name}/back", "/sign-out", "/first-start", "/lang/{lang}",
    "/account/password", "/looks", "/patterns", "/enter/{secret}", "/static/{mark}/{path:path}", "/favicon.ico",
    "/health", "/alerts/stream", "/screen/tiles", "/enterprises/{enterprise_id}/tables/{table}",
    "/platforms/{enterprise_id}/tables/{table}",
}  # fmt: skip
"""Of the browser alone: signing in and out, passwords, the look of pages, live streams, parts of pages, patterns."""
FORMS = {
    "/users/new", "/settings/channels/new", "/data/upload", "/packs/upload", "/cases/new", "/cases/{case_id}/plan",
    "/claims/new", "/lists/new", "/mine/apply", "/mine/disputes/new", "/penetration",
}  # fmt: skip
"""Pages that are forms of what has an operation of its own, or lead on."""
PAGES = {
    "GET /": "overview", "GET /screen": "overview", "GET /account": "account", "GET /todo": "todo approvals",
    "GET /inbox": "notices", "GET /search": "search", "GET /users": "list_users", "GET /users/{login}": "user",
    "GET /journal": "list_journal", "GET /journal/{seq}": "journal_entry", "GET /jobs": "list_jobs",
    "GET /jobs/{job_id}": "job", "GET /exports/{job_id}": "fetch_export", "GET /settings": "settings channels",
    "GET /settings/channels/{name}": "channel", "GET /help": "help", "GET /help/{name}": "help_page",
    "GET /alerts": "list_alerts", "GET /alerts/{alert_id}": "alert", "GET /alerts/{alert_id}/why": "alert_why",
    "GET /alerts/{alert_id}/indicators": "alert_indicators", "GET /alerts/{alert_id}/rows": "alert_rows",
    "GET /enterprises": "list_enterprises",
    "GET /enterprises/{enterprise_id}": (
        "enterprise enterprise_loans enterprise_loan_why enterprise_exposure enterprise_indicators enterprise_alerts"
        " enterprise_links enterprise_controller enterprise_path enterprise_groups enterprise_circles enterprise_fall"
        " enterprise_records enterprise_statements enterprise_known enterprise_story enterprise_risk"
    ),
    "GET /enterprises/{enterprise_id}/around": "enterprise_graph",
    "GET /enterprises/{enterprise_id}/portrait": "portrait", "GET /data": "calendar", "GET /data/due": "due_days",
    "GET /data/upload/{token}": "one_upload", "GET /data/upload/{token}/marked": "marked_upload",
    "GET /data/submissions/{submission_id}": "submission quarantine",
    "GET /data/submissions/{submission_id}/marked": "marked_submission",
    "GET /data/dictionary": "kinds search_kinds", "GET /data/dictionary/{kind}": "kind",
    "GET /data/templates/{kind}": "template", "GET /themes": "themes", "GET /themes/loans": "list_theme_loans",
    "GET /themes/loans/why": "theme_loan_why", "GET /packs": "packs search_packs", "GET /packs/{name}": "pack",
    "GET /packs/{name}/simulations/{job_id}": "simulation",
    "GET /packs/{name}/simulations/{job_id}/movers/{part}": "list_simulated_movers",
    "GET /packs/{name}/simulations/{job_id}/alerts/{part}": "list_simulated_alerts",
    "GET /packs/{name}/rules": "pack_rules", "GET /packs/{name}/rules/{rule}": "pack_rule_life",
    "GET /packs/{name}/versions": "pack_versions pack_activations",
    "GET /packs/{name}/versions/{number}": "pack_version", "GET /packs/{name}/diff": "pack_diff",
    "GET /packs/{name}/download": "download_pack", "GET /packs/{name}/item/{kind}/{item}": "pack_item",
    "GET /packs/{name}/rule/{rule}": "pack_rule", "GET /packs/{name}/parameter/{parameter}": "pack_parameter",
    "GET /packs/{name}/set/{code_set}": "pack_set", "GET /packs/{name}/reading/{entry}": "pack_reading",
    "GET /cases": "list_cases", "GET /cases/figures": "case_figures",
    "GET /cases/{case_id}": "case case_papers compare_plans", "GET /cases/{case_id}/print": "plan_paper",
    "GET /cases/{case_id}/documents/{document_id}": "case_document", "GET /reports": "briefings",
    "GET /reports/{briefing_id}/{number}": "fetch_briefing", "GET /policies": "policies",
    "GET /policies/days": "list_policy_days",
    "GET /policies/{name}": "policy policy_days list_policy_chains list_policy_receipts",
    "GET /policies/{name}/lists/{number}": "policy_list list_policy_members", "GET /needs": "list_needs",
    "GET /needs/figures": "need_figures", "GET /needs/{need_id}": "need need_steps need_suggestions",
    "GET /needs/{need_id}/data": "need_data", "GET /mine": "mine", "GET /mine/needs/{need_id}": "own_need",
    "GET /mine/authorisations": "authorisations", "GET /claims": "list_claims", "GET /claims/audit": "audits",
    "GET /claims/audit/{audit_id}": "audit", "GET /claims/{claim_id}": "claim list_claim_loans",
    "GET /claims/{claim_id}/workbook": "claim_workbook", "GET /quota": "quotas", "GET /credit": "models",
    "GET /credit/firms/{enterprise_id}": "firm_score", "GET /credit/models/{name}/{version}": "model",
    "GET /matching": "matching_runs", "GET /matching/{job_id}": "matching_run list_matching_needs",
    "GET /matching/{job_id}/need": "matching_need", "GET /platforms": "list_platforms platform_totals",
    "GET /platforms/{enterprise_id}": "platform", "GET /platforms/{enterprise_id}/ladder": "platform_ladder",
    "GET /platforms/{enterprise_id}/plan": "platform_plan", "GET /platforms/{enterprise_id}/debts": "platform_debts",
    "GET /platforms/{enterprise_id}/exit": "platform_exit", "GET /platforms/{enterprise_id}/swap": "platform_swap",
    "GET /disputes": "list_disputes", "GET /disputes/{dispute_id}": "dispute", "GET /lists": "list_entries",
    "GET /lists/{listing_id}": "entry", "GET /evasion": "list_evasion", "GET /evasion/{enterprise_id}": "evasion_firm",
    "GET /mine/portrait": "own_portrait", "GET /mine/disputes/{dispute_id}": "own_dispute",
    "GET /mine/lists/{listing_id}": "own_entry",
    "GET /penetration/{what}": "list_penetration_groups list_penetration_circles list_penetration_findings",
    "GET /penetration/fall/{job_id}": "fall_answer",
}  # fmt: skip
ACTS = {
    "/account/profile": "change_profile", "/account/sessions/{session_id}/end": "end_session",
    "/account/tokens": "issue_token", "/account/tokens/{token_id}/revoke": "revoke_token",
    "/approvals/{approval_id}/decide": "decide", "/approvals/{approval_id}/withdraw": "withdraw_proposal",
    "/inbox/read": "read_notices", "/inbox/{notice_id}/open": "read_notices", "/users": "create_user",
    "/users/{login}/roles": "change_rights", "/users/{login}/disable": "set_active",
    "/users/{login}/enable": "set_active", "/users/{login}/unlock": "unlock_user",
    "/users/{login}/sign-out": "sign_out_user", "/users/{login}/password": "reset_password",
    "/journal/verify": "verify_journal", "/jobs/{job_id}/cancel": "cancel_job", "/jobs/{job_id}/retry": "retry_job",
    "/settings/channels": "set_channel", "/settings/channels/{name}": "set_channel",
    "/settings/channels/{name}/test": "test_channel", "/settings/{name}": "change_setting",
    "/alerts/acknowledge": "acknowledge_alerts", "/alerts/assign": "assign_alerts",
    "/alerts/silence": "silence_alerts", "/alerts/{alert_id}/acknowledge": "acknowledge_alert",
    "/alerts/{alert_id}/assign": "assign_alert", "/alerts/{alert_id}/silence": "silence_alert",
    "/alerts/{alert_id}/unsilence": "unsilence_alert", "/data/due": "change_due_days",
    "/data/upload": "upload submit", "/data/upload/{token}/answer": "answer_upload",
    "/data/upload/{token}/submit": "submit_upload", "/data/upload/{token}/drop": "drop_upload",
    "/packs/{name}/rules/{rule}/move": "move_rule", "/packs/upload": "upload_pack",
    "/packs/{name}/parameter/{parameter}/change": "draft_pack try_values",
    "/packs/{name}/reading/{entry}/change": "draft_pack try_values", "/packs/{name}/adopt": "adopt_base",
    "/packs/{name}/versions/{number}/test": "test_pack", "/packs/{name}/versions/{number}/simulate": "simulate_pack",
    "/packs/{name}/versions/{number}/submit": "submit_pack", "/packs/{name}/versions/{number}/return": "return_pack",
    "/packs/{name}/versions/{number}/withdraw": "withdraw_pack", "/cases": "begin_case",
    "/cases/labels": "case_labels", "/cases/round": "round_cases", "/cases/{case_id}/unmask": "unmask_case",
    "/cases/{case_id}/move": "move_case", "/cases/{case_id}/sign": "sign_case",
    "/cases/{case_id}/withdraw": "withdraw_move", "/cases/{case_id}/assign": "assign_case",
    "/cases/{case_id}/finding": "write_finding", "/cases/{case_id}/outcome": "write_outcome",
    "/cases/{case_id}/members": "add_member", "/cases/{case_id}/members/{member_id}/end": "end_member",
    "/cases/{case_id}/alerts": "attach_alerts", "/cases/{case_id}/votes": "record_vote",
    "/cases/{case_id}/measures/{measure_id}": "settle_measure",
    "/cases/{case_id}/findings/{finding_id}": "settle_finding", "/cases/{case_id}/plan": "draft_plan",
    "/cases/{case_id}/documents": "attach_document",
    "/cases/{case_id}/documents/{document_id}": "confidential_document", "/cases/{case_id}/paper": "plan_paper",
    "/reports": "ask_briefing", "/policies/{name}/make": "make_list", "/policies/{name}/publish": "publish_list",
    "/policies/{name}/receive": "receive_list", "/mine/receive": "receive_policies",
    "/policies/{name}/chains/{chain_id}/link": "link_chain", "/needs/{need_id}/recommend": "recommend_need",
    "/needs/{need_id}/offers/{offer_id}/{move}": "answer_need", "/mine/chains/{chain_id}": "answer_chain",
    "/mine/needs": "apply", "/mine/needs/{need_id}/withdraw": "withdraw_need",
    "/mine/authorisations/{number}/revoke": "revoke_authorisation", "/claims": "draw_claim",
    "/claims/audit": "make_audit", "/claims/audit/{audit_id}/samples/{sample_id}": "record_sample",
    "/claims/audit/{audit_id}/close": "close_audit", "/claims/{claim_id}/submit": "submit_claim",
    "/claims/{claim_id}/upload": "upload_claim", "/claims/{claim_id}/redraw": "redraw_claim",
    "/claims/{claim_id}/correct": "correct_claim", "/claims/{claim_id}/drop": "drop_claim",
    "/claims/{claim_id}/decide": "decide_claim", "/claims/{claim_id}/sign": "sign_claim",
    "/claims/{claim_id}/withdraw": "withdraw_claim_move", "/claims/{claim_id}/disburse": "disburse_claim",
    "/claims/{claim_id}/extend": "extend_claim", "/claims/{claim_id}/repay": "repay_claim",
    "/claims/{claim_id}/recall": "recall_claim", "/claims/bans/{ban_id}/lift": "lift_ban",
    "/quota/establish": "establish_quotas", "/quota/{quota_id}/grant": "grant_quota", "/matching": "ask_matching",
    "/matching/{job_id}/recommend": "recommend_matched", "/matching/{job_id}/recommend-all": "recommend_all_matched",
    "/disputes/{dispute_id}/{move}": "move_dispute", "/lists": "propose_entry",
    "/lists/{listing_id}/sign": "sign_entry", "/lists/{listing_id}/{act}": "act_on_entry",
    "/evasion/{enterprise_id}/bundle": "make_bundle", "/mine/disputes": "file_dispute",
    "/mine/disputes/{dispute_id}/{move}": "move_own_dispute", "/mine/lists/{listing_id}/{act}": "act_on_own_entry",
    "/enterprises/{enterprise_id}/fall": "ask_fall",
}  # fmt: skip
"""By the address of the form; a name, a number or a code stands in braces."""


def operations() -> dict[str, str]:
    """Operations by name, each with its method and path."""
    paths = document()["paths"]
    return {one["operationId"]: f"{verb} {path}" for path, told in paths.items() for verb, one in told.items()}


def test_every_page_and_act_has_an_operation(app: DeskApp) -> None:
    known, missing, stale = operations(), [], {*PAGES, *(f"POST {path}" for path in ACTS)}
    for route in walked(app.routes):
        path = re.sub(r"\{(\w+):(?!path)\w+\}", r"{\1}", route.path)
        if path.startswith("/api/") or path in BROWSER:
            continue
        for method in sorted(route.methods - {"HEAD"}):
            if path.endswith("/export"):
                name = re.sub(r"\{\w+\}", "1", path.removesuffix("/export").removeprefix("/"))
                wanted = "ask_export" if any(shape.fullmatch(name) for shape in SHAPES) else "export_themes"
                assert wanted == "ask_export" or path == "/themes/export", path
            elif method == "GET" and path in FORMS:
                continue
            else:
                stale.discard(f"{method} {path}")
                wanted = PAGES.get(f"GET {path}", "") if method == "GET" else ACTS.get(path, "")
            if not wanted or not set(wanted.split()) <= set(known):
                missing.append(f"{method} {path} ({wanted})")
    assert missing == []
    assert stale == set()


def test_a_permission_of_the_api_is_that_of_the_page(app: DeskApp) -> None:
    """What a page lets nobody do, the API lets nobody do: both routes have the same marker."""
    by_operation = {getattr(one, "operation_id", None): one for one in walked(app.routes)}
    different = []
    for path, names in ACTS.items():
        page = next(
            one
            for one in walked(app.routes)
            if "POST" in one.methods and re.sub(r"\{(\w+):\w+\}", r"{\1}", one.path) == path
        )
        for name in names.split():
            if set(marker(by_operation[name]) or ()) != set(marker(page) or ()):
                different.append((path, name, marker(by_operation[name]), marker(page)))
    allowed = {"move_case"}  # also for who signs: the page has an address of its own for that
    assert [one for one in different if one[1] not in allowed] == []


def test_every_list_that_is_given_out_can_be_asked_for() -> None:
    """A shape fits its own address and no other; an address without a place to fill comes first."""
    for shape in EXPORTED:
        fits = [one for one in SHAPES if one.fullmatch(shape.replace("{}", "x1"))]
        assert len(fits) == 1 or (shape == "claims/audit" and len(fits) == 2), shape
    assert not any(one.fullmatch(odd) for one in SHAPES for odd in ("users", "alerts/../users", "lists?x", "themes"))
