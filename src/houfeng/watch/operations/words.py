"""What people call the tiers, channels and steps of alerts, in one place for the command line and the desk."""

from __future__ import annotations

from houfeng.errors import Text

TIER_NAMES = {
    "red": Text("红", "red"),
    "orange": Text("橙", "orange"),
    "yellow": Text("黄", "yellow"),
    "blue": Text("蓝", "blue"),
}

CHANNEL_TEXTS = {
    "emitted": Text("已发", "emitted"),
    "later": Text("升级后发", "later"),
    "released": Text("补发", "released"),
    "held": Text("超预算", "held"),
    "silenced": Text("静默", "silenced"),
    "stopped": Text("停发", "stopped"),
    "shadow": Text("影子", "shadow"),
    "outside": Text("比例外", "outside"),
    "off": Text("未启用", "off"),
    "warmed": Text("历史", "warmed"),
}
"""In words, where alerts went; `later` and `released` are alerts told only after their opening."""

STEP_TEXTS = {
    "opened": Text("开启", "opened"),
    "escalated": Text("升级", "escalated"),
    "cleared": Text("解除", "cleared"),
}
