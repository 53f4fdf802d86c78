"""The entry point: finds the noun, loads only its file, and turns errors into one clear text and an exit code."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from houfeng.errors import HoufengError
from houfeng.settings import load

NOUNS = {
    "book": "账簿：报送、查询、隔离 / the book: submit, query, quarantine",
    "pack": "政策包：检查、测试、解释、比较 / packs: check, test, explain, diff",
    "themes": "五篇大文章统计 / statistics of the five articles",
    "claim": "再贷款与贴息：测算、申报、额度、账簿 / claims on relending tools and subsidies",
    "delivery": "政策直达：清单、送达、进度 / policies delivered to firms",
    "matching": "政银企对接：推荐、分配 / needs matched with products",
    "credit": "信用评分：训练、检验、预测、发布 / scorecards: fit, validate, predict, publish",
    "penetration": "穿透：股权、控制人、集团、担保圈、传染 / who owns, controls, is connected, falls with whom",
    "platform": "融资平台：债务、到期墙、化解、退出、置换 / financing platforms: debts, ladder, plan, exit, swap",
    "conduct": "信用画像、异议、名单、逃废债证据 / portraits, disputes, lists, evidence of evasion",
    "watch": "预警：实时、重放、比较、评估 / warnings: live, replayed, compared, measured",
    "desk": "工作台：在浏览器里看、定、签 / the web desk",
    "worker": "后台任务：运行、查看、定时、外发 / jobs: run, list, schedules, channels",
    "user": "账号与角色 / people and their roles",
    "token": "接口令牌 / tokens for programs",
    "journal": "审计日志：核验、导出 / the journal: verify, export",
    "simulate": "模拟省份 / a synthetic province",
    "demo": "一条命令看全程 / the main job in one command",
    "docs": "生成参考文档 / write the generated pages of docs",
}

FOLDERS = {
    **{noun: f"office.{noun}" for noun in ("worker", "user", "token", "journal")},
    **{noun: f"market.{noun}" for noun in ("claim", "delivery", "matching", "credit", "conduct")},
    "penetration": "penetration.penetration",
    "platform": "platforms.platform",
    "demo": "demonstration.demo",
}
"""Nouns whose file stands in a folder with others."""


class Nouns(click.Group):
    """The nouns; each file is imported only when its noun is asked for, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The nouns in workflow order."""
        return list(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command group of a noun."""
        if cmd_name not in NOUNS:
            return None
        command = importlib.import_module(f"houfeng_cli.{FOLDERS.get(cmd_name, cmd_name)}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the nouns without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(NOUNS.items()))


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="houfeng", prog_name="houfeng")
def cli() -> None:
    """候风 Houfeng: the working desk of a regional credit market."""


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line. A HoufengError becomes its text on stderr and its exit code; no stack trace."""
    try:
        return cli.main(args=arguments, prog_name="houfeng", standalone_mode=True)
    except HoufengError as error:
        click.echo(error.render(load().lang), err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
