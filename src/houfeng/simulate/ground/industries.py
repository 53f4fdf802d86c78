"""What the firms of the province do, and how big that makes them under the size standard of 2017.

Classes are GB/T 4754-2017 (letter and four digits), grouped with a weight, typical staff, revenue per head and risk.
The size standard (国统字〔2017〕213号) is a table of lower bounds; a firm has the class all of whose bounds it reaches.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Group(NamedTuple):
    """Classes that are alike: share of all firms, median staff, revenue per head in yuan, risk against the average."""

    codes: str
    weight: float
    staff: float
    revenue: float
    risk: float
    word: str


GROUPS = (
    Group(
        "A0111 A0112 A0113 A0122 A0141 A0143 A0151 A0161 A0190 A0311 A0313 A0321 A0411",
        5.0,
        8,
        1.4e5,
        1.0,
        "农业",
    ),
    Group("A0511 A0513 A0514 A0519 A0531", 1.0, 9, 1.8e5, 0.9, "农服"),
    Group("B0610 B0690 B0810 B0911 B0921 B1011 B1013 B1019 B1020", 0.6, 60, 5e5, 1.2, "矿业"),
    Group("C1311 C1312 C1329 C1331 C1351 C1352 C1353 C1361 C1371 C1391 C1392 C1399", 2.6, 30, 9e5, 0.9, "食品"),
    Group("C1411 C1419 C1421 C1431 C1432 C1441 C1451 C1461 C1469 C1491 C1512 C1513 C1523", 1.6, 35, 7e5, 0.9, "食品"),
    Group("C1711 C1713 C1751 C1761 C1771 C1811 C1819 C1821 C1830 C1923 C1952 C1953", 1.8, 30, 4.5e5, 1.3, "纺织"),
    Group("C2012 C2021 C2029 C2034 C2110 C2130 C2221 C2223 C2231 C2319 C2412 C2451 C2441", 1.8, 20, 4e5, 1.2, "制品"),
    Group("C2511 C2522 C2611 C2613 C2614 C2619 C2621 C2624 C2631 C2641 C2651 C2661 C2662", 1.3, 45, 1.2e6, 1.1, "化工"),
    Group("C2664 C2665", 0.1, 60, 1.1e6, 0.8, "材料"),
    Group("C2710 C2720 C2730 C2740 C2750 C2761 C2762 C2770 C2780", 0.9, 60, 9e5, 0.6, "医药"),
    Group("C2911 C2912 C2915 C2921 C2922 C2923 C2926 C2927 C2929", 1.5, 22, 5e5, 1.0, "橡塑"),
    Group(
        "C3011 C3012 C3021 C3031 C3032 C3033 C3034 C3041 C3049 C3054 C3061 C3089 C3091 C3099",
        2.2,
        35,
        5.5e5,
        1.4,
        "建材",
    ),
    Group("C3110 C3120 C3130 C3140 C3212 C3216 C3240 C3251 C3252 C3259", 1.0, 70, 1.8e6, 1.3, "金属"),
    Group("C3311 C3312 C3321 C3324 C3331 C3340 C3351 C3360 C3381 C3391 C3392 C3393 C3399", 2.2, 20, 5e5, 1.1, "金属"),
    Group(
        "C3411 C3421 C3422 C3425 C3431 C3432 C3434 C3441 C3443 C3444 C3451 C3461 C3464 C3484 C3489",
        2.0,
        28,
        6e5,
        0.9,
        "机械",
    ),
    Group("C3474 C3475 C3491 C3492", 0.2, 40, 7e5, 0.8, "设备"),
    Group(
        "C3511 C3515 C3516 C3521 C3525 C3531 C3532 C3542 C3571 C3572 C3591 C3592 C3597 C3599", 2.0, 30, 6e5, 0.9, "装备"
    ),
    Group("C3562 C3563 C3569", 0.2, 45, 8e5, 0.7, "电子装备"),
    Group("C3581 C3582 C3583 C3584 C3585 C3586 C3589", 0.6, 30, 6e5, 0.6, "医疗器械"),
    Group("C3611 C3612 C3620 C3630 C3650 C3660 C3670 C3752 C3761 C3770", 1.1, 50, 9e5, 1.0, "车辆"),
    Group("C3741 C3742 C3743 C3744 C3749", 0.1, 80, 9e5, 0.6, "航空"),
    Group(
        "C3811 C3812 C3821 C3822 C3823 C3824 C3825 C3829 C3831 C3841 C3849 C3851 C3871 C3872", 1.3, 35, 8e5, 0.9, "电气"
    ),
    Group("C3832 C3833", 0.1, 50, 9e5, 0.7, "光纤"),
    Group("C3911 C3912 C3913 C3914 C3915 C3919", 0.2, 60, 1.1e6, 0.7, "计算机"),
    Group("C3921 C3922 C3931 C3934 C3940 C3951 C3961 C3962 C3963 C3969", 0.4, 50, 9e5, 0.7, "通信"),
    Group(
        "C3971 C3972 C3973 C3974 C3975 C3976 C3979 C3981 C3982 C3983 C3984 C3985 C3989 C3990", 0.7, 60, 8e5, 0.7, "电子"
    ),
    Group("C4011 C4012 C4013 C4014 C4016 C4019 C4021 C4023 C4025 C4028 C4040 C4090", 0.6, 28, 6e5, 0.6, "仪器"),
    Group("C4210 C4220 C4320 C4330 C4350 C4111 C4119", 0.6, 15, 6e5, 1.1, "再生"),
    Group("D4411 D4412 D4414 D4415 D4416 D4417 D4420 D4430 D4511 D4610 D4620", 0.6, 25, 1.5e6, 0.5, "能源"),
    Group(
        "E4710 E4720 E4790 E4811 E4812 E4813 E4821 E4840 E4851 E4852 E4910 E4920 E5011 E5012 E5021",
        6.5,
        22,
        5e5,
        1.5,
        "建筑",
    ),
    Group(
        "F5111 F5112 F5113 F5121 F5122 F5123 F5126 F5127 F5131 F5132 F5133 F5151 F5152 F5153",
        9.0,
        5,
        1.8e6,
        1.1,
        "商贸",
    ),
    Group(
        "F5161 F5162 F5164 F5165 F5166 F5167 F5171 F5172 F5174 F5175 F5176 F5177 F5179 F5191 F5193",
        9.0,
        5,
        2e6,
        1.1,
        "贸易",
    ),
    Group(
        "F5211 F5212 F5221 F5223 F5225 F5231 F5232 F5233 F5234 F5241 F5251 F5261 F5265 F5271", 10.0, 4, 6e5, 1.0, "商店"
    ),
    Group("F5272 F5273 F5274 F5281 F5283 F5284 F5286 F5287 F5292 F5296", 4.0, 4, 6e5, 1.0, "零售"),
    Group("G5411 G5421 G5422 G5431 G5432 G5434 G5442 G5512 G5532 G5821 G5822", 3.0, 14, 4.5e5, 1.1, "运输"),
    Group("G5910 G5920 G5930 G5951 G5952 G5990 G6020", 0.8, 12, 6e5, 0.9, "仓储"),
    Group("H6110 H6121 H6129 H6190 H6210 H6220 H6231 H6241 H6291", 3.2, 9, 2e5, 1.3, "餐旅"),
    Group(
        "I6312 I6319 I6331 I6410 I6421 I6422 I6429 I6431 I6432 I6433 I6434 I6440 I6450 I6490", 1.6, 8, 5e5, 0.9, "网络"
    ),
    Group(
        "I6511 I6512 I6513 I6519 I6520 I6531 I6532 I6540 I6550 I6560 I6571 I6572 I6579 I6591",
        3.2,
        9,
        4.5e5,
        0.8,
        "软件",
    ),
    Group("K7010 K7020 K7030 K7040", 1.8, 20, 8e5, 2.0, "置业"),
    Group(
        "L7111 L7114 L7119 L7211 L7212 L7213 L7219 L7221 L7231 L7241 L7243 L7249 L7251 L7261 L7263",
        4.5,
        8,
        4e5,
        1.0,
        "商务",
    ),
    Group("L7271 L7281 L7282 L7283 L7284 L7291 L7297 L7299", 2.5, 8, 4e5, 1.0, "服务"),
    Group(
        "M7310 M7320 M7330 M7340 M7350 M7410 M7451 M7452 M7461 M7471 M7481 M7484 M7491 M7492", 2.4, 10, 4e5, 0.7, "科技"
    ),
    Group("M7511 M7512 M7513 M7514 M7515 M7519 M7520 M7530 M7590", 2.4, 8, 4e5, 0.7, "科技"),
    Group("N7620 N7711 N7712 N7721 N7722 N7723 N7724 N7810 N7820 N7840 N7850 N7861", 0.9, 20, 4e5, 0.7, "环境"),
    Group("O8010 O8040 O8051 O8053 O8060 O8090 O8111 O8114 O8121 O8122 O8131 O8132 O8191", 2.6, 5, 1.6e5, 1.1, "生活"),
    Group("P8310 P8321 P8336 P8391 P8392 P8394 P8399", 0.8, 25, 1.5e5, 0.8, "教育"),
    Group("Q8411 Q8412 Q8415 Q8423 Q8425 Q8434 Q8511 Q8512 Q8513 Q8514 Q8521", 0.7, 30, 2.5e5, 0.6, "康养"),
    Group("R8622 R8710 R8730 R8810 R8890 R8911 R8930 R9011 R9012 R9030 R9051", 0.9, 7, 2.5e5, 1.2, "文化"),
)

CODES: tuple[str, ...] = tuple(code for group in GROUPS for code in group.codes.split())
GROUP_OF = np.array([at for at, group in enumerate(GROUPS) for _ in group.codes.split()])
WEIGHTS = np.array([g.weight / len(g.codes.split()) for g in GROUPS for _ in g.codes.split()])
WEIGHTS = WEIGHTS / WEIGHTS.sum()

# High-tech manufacturing of 2017 by group of this table: all its classes are on the list of the standard.
HIGH_TECH = frozenset("C2664 C2665 C3474 C3475 C3562 C3563 C3569 C3832 C3833 C3841 C4040 C4090".split())  # noqa: SIM905
_HIGH_TECH_STEMS = (
    "C27",
    "C374",
    "C391",
    "C392",
    "C393",
    "C394",
    "C395",
    "C396",
    "C397",
    "C398",
    "C399",
    "C358",
    "C401",
    "C402",
)
IS_HIGH_TECH = np.array([code in HIGH_TECH or code.startswith(_HIGH_TECH_STEMS) for code in CODES])
IS_TECH = IS_HIGH_TECH | np.array(
    [code.startswith(("I65", "M73", "M74", "M75", "C34", "C35", "C38", "C40")) for code in CODES]
)
IS_CARE = np.array([code in ("Q8511", "Q8512", "Q8513", "Q8514") for code in CODES])
IS_GREEN = np.array(
    [code.startswith(("D4414", "D4415", "D4416", "N77", "C4210", "C4220", "C3825", "C3597", "E4840")) for code in CODES]
)
IS_INDUSTRY = np.array([code[0] in "BCD" for code in CODES])

# Lower bounds (large, medium, small) of staff in persons, revenue and assets in 万元; nothing where not used.
Bounds = tuple[float, float, float]
STANDARD: dict[str, tuple[Bounds | None, Bounds | None, Bounds | None]] = {
    "agriculture": (None, (20000, 500, 50), None),
    "industry": ((1000, 300, 20), (40000, 2000, 300), None),
    "construction": (None, (80000, 6000, 300), (80000, 5000, 300)),
    "wholesale": ((200, 20, 5), (40000, 5000, 1000), None),
    "retail": ((300, 50, 10), (20000, 500, 100), None),
    "transport": ((1000, 300, 20), (30000, 3000, 200), None),
    "storage": ((200, 100, 20), (30000, 1000, 100), None),
    "post": ((1000, 300, 20), (30000, 2000, 100), None),
    "lodging": ((300, 100, 10), (10000, 2000, 100), None),
    "catering": ((300, 100, 10), (10000, 2000, 100), None),
    "telecom": ((2000, 100, 10), (100000, 1000, 100), None),
    "software": ((300, 100, 10), (10000, 1000, 50), None),
    "development": (None, (200000, 1000, 100), (10000, 5000, 2000)),
    "property": ((1000, 300, 100), (5000, 1000, 500), None),
    "leasing": ((300, 100, 10), None, (120000, 8000, 100)),
    "other": ((300, 100, 10), None, None),
}
_BY_LETTER = {
    "A": "agriculture",
    "B": "industry",
    "C": "industry",
    "D": "industry",
    "E": "construction",
    "L": "leasing",
}
_BY_DIVISION = {
    "F51": "wholesale", "F52": "retail", "G59": "storage", "G60": "post", "H61": "lodging", "H62": "catering",
    "I63": "telecom", "I64": "telecom", "I65": "software",
}  # fmt: skip
_BY_CLASS = {"K7010": "development", "K7020": "property"}


def standard_of(code: str) -> str:
    """The row of the size standard for a class (letter and digits)."""
    found = _BY_CLASS.get(code) or _BY_DIVISION.get(code[:3]) or _BY_LETTER.get(code[0])
    return found or ("transport" if code[0] == "G" else "other")


STANDARD_NAMES = tuple(STANDARD)
STANDARD_OF = np.array([STANDARD_NAMES.index(standard_of(code)) for code in CODES])
SIZES = ("CS01", "CS02", "CS03", "CS04")


def size_class(
    standard: npt.NDArray[Any], staff: npt.NDArray[Any], revenue: npt.NDArray[Any], assets: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """Index into SIZES (0 large … 3 micro) for rows with the given standard row, persons, yuan and yuan."""
    level = np.full(len(standard), 3, dtype=np.int64)
    for at, name in enumerate(STANDARD_NAMES):
        rows = np.flatnonzero(standard == at)
        if len(rows):
            level[rows] = _level(name, staff[rows], revenue[rows] / 1e4, assets[rows] / 1e4)
    return 3 - level


def _level(name: str, staff: npt.NDArray[Any], revenue: npt.NDArray[Any], assets: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """3 large, 2 medium, 1 small, 0 micro: the lowest that any indicator of the row allows."""
    level = np.full(len(staff), 3, dtype=np.int64)
    for bounds, values in zip(STANDARD[name], (staff, revenue, assets), strict=True):
        if bounds is not None:
            level = np.minimum(level, sum((values >= bound).astype(np.int64) for bound in bounds))
    return level
