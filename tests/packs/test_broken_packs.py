"""One broken pack per error: each tells its code, place and words, in both languages, and nothing else is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from houfeng.errors import Level
from houfeng.packs.check import check_pack

FOLDER = Path(__file__).parent / "broken"

# folder, code, line, column, words in Chinese, words in English (message and suggestion)
BROKEN = [
    ("yaml_syntax", "yaml.syntax", 5, 1, "YAML 语法错误：did not find expected ',' or ']'", "YAML syntax: did not find expected ',' or ']'"),  # fmt: skip
    ("yaml_alias", "yaml.alias", 4, 14, "不许用锚点和引用（& 与 *）", "anchors and aliases (& and *) are not allowed"),  # fmt: skip
    ("yaml_too_deep", "yaml.too_deep", 4, 32, "嵌套过深", "nested too deeply"),  # fmt: skip
    ("yaml_key", "yaml.key", 5, 5, "键必须是一个词", "a key must be one word"),  # fmt: skip
    ("yaml_twice", "yaml.twice", 4, 1, "键 version 写了两次", "the key version is written twice"),  # fmt: skip
    ("yaml_tag", "yaml.tag", 4, 14, "不许用标签 !python/object", "tags are not allowed: !python/object"),  # fmt: skip
    ("yaml_date", "yaml.date", 4, 14, "没有这一天：2026-02-30", "there is no such day: 2026-02-30"),  # fmt: skip
    ("head_missing", "pack.missing_key", 1, 1, "pack.yaml 缺少 version", "pack.yaml lacks version"),  # fmt: skip
    ("head_name", "pack.name", 1, 7, "包名用小写字母、数字和连字符", "a pack's name is lower-case letters, digits and hyphens"),  # fmt: skip
    ("head_measure_kind", "pack.unknown_kind", 4, 10, "没有记录种类 loan_balanc", "there is no record kind loan_balanc"),  # fmt: skip
    ("section_unknown", "pack.unknown_key", 4, 1, "没有名为 theme 的部分是不是“themes”？", "there is no section themedid you mean “themes”?"),  # fmt: skip
    ("section_shape", "pack.shape", 4, 1, "这一部分应是键值", "this section should be a mapping"),  # fmt: skip
    ("cases_shape", "pack.shape", 4, 1, "这一部分应是列表", "this section should be a list"),  # fmt: skip
    ("entry_shape", "pack.shape", 5, 6, "t 应是键值", "t should be a mapping"),  # fmt: skip
    ("key_unknown", "pack.unknown_key", 9, 5, "t 里没有键 wen是不是“when”？", "t has no key wendid you mean “when”?"),  # fmt: skip
    ("key_missing", "pack.missing_key", 5, 3, "t 缺少 when", "t lacks when"),  # fmt: skip
    ("name_bad", "pack.name", 5, 3, "名字 T-1 只能用小写字母、数字和下划线", "the name T-1 may have lower-case letters, digits and underscores only"),  # fmt: skip
    ("name_shadows_field", "pack.twice", 5, 3, "principal 是 loan 的字段或关系，不能再作名字", "principal is a field or relation of loan and cannot name an item"),  # fmt: skip
    ("name_shadows_relation", "pack.twice", 5, 3, "borrower 是 loan 的字段或关系，不能再作名字", "borrower is a field or relation of loan and cannot name an item"),  # fmt: skip
    ("name_twice", "pack.twice", 7, 3, "t 已经定义过", "t is already defined"),  # fmt: skip
    ("kind_unknown", "pack.unknown_kind", 7, 11, "没有记录种类 lone是不是“loan”？", "there is no record kind lonedid you mean “loan”?"),  # fmt: skip
    ("field_unknown", "pack.unknown_name", 8, 11, "loan 没有字段或指标 is_first_lone。是不是“is_first_loan”？", "loan has no field or item is_first_lone. did you mean “is_first_loan”?"),  # fmt: skip
    ("relation_unknown", "pack.unknown_name", 8, 11, "loan 没有关系 borower。是不是“borrower”？", "loan has no relation borower. did you mean “borrower”?"),  # fmt: skip
    ("parameter_unknown", "pack.unknown_parameter", 13, 23, "没有参数 capp。是不是“cap”？", "there is no parameter capp. did you mean “cap”?"),  # fmt: skip
    ("set_unknown", "pack.unknown_set", 10, 32, "没有代码集 high_tec。是不是“high_tech”？", "there is no code set high_tec. did you mean “high_tech”?"),  # fmt: skip
    ("function_unknown", "pack.unknown_function", 8, 11, "没有函数 lenght是不是“length”？", "there is no function lenghtdid you mean “length”?"),  # fmt: skip
    ("function_hostile", "pack.unknown_function", 8, 11, "没有函数 read_csv", "there is no function read_csv"),  # fmt: skip
    ("arguments_count", "pack.arguments", 8, 11, "left 要 2 个参数，给了 1 个", "left takes 2 arguments, not 1"),  # fmt: skip
    ("arguments_type", "pack.arguments", 8, 11, "year 的第 1 个参数“principal”类型是小数", "argument 1 of year, “principal”, is decimal"),  # fmt: skip
    ("expression_syntax", "pack.syntax", 8, 24, "表达式在 “5” 处不合语法", "the expression is not valid SQL near “5”"),  # fmt: skip
    ("expression_empty", "pack.empty", 8, 11, "表达式是空的", "the expression is empty"),  # fmt: skip
    ("expression_subquery", "pack.forbidden", 8, 31, "政策语言里没有“(SELECT 1)”", "the pack language has no “(SELECT 1)”"),  # fmt: skip
    ("expression_star", "pack.forbidden", 8, 11, "这里不能用 *", "* cannot stand here"),  # fmt: skip
    ("expression_cast", "pack.forbidden", 8, 11, "不能用 cast；日期写作 date '2026-01-19'", "cast is not allowed; write a day as date '2026-01-19'"),  # fmt: skip
    ("expression_number", "pack.number", 8, 23, "数字写法不支持：1e9", "this way of writing a number is not supported: 1e9"),  # fmt: skip
    ("expression_deep", "pack.too_deep", 8, 11, "表达式太长或嵌套过深，请拆成几个指标", "the expression is too long or too deep; split it into several items"),  # fmt: skip
    ("expression_precision", "pack.precision", 8, 12, "相乘的小数位太多，请用 round 收住", "too many decimal places multiplied; hold them with round"),  # fmt: skip
    ("type_compare", "pack.type", 8, 11, "类型对不上：principal: decimal, 'x': text", "these types do not go together: principal: decimal, 'x': text"),  # fmt: skip
    ("type_boolean", "pack.type", 8, 11, "结果应是真假值，却是小数", "the result should be boolean, but is decimal"),  # fmt: skip
    ("type_arithmetic", "pack.type", 8, 11, "“+”两边应是数：purpose + 1", "both sides of “+” should be numbers: purpose + 1"),  # fmt: skip
    ("day_missing", "pack.date", 8, 31, "没有这一天：2026-02-30", "there is no such day: 2026-02-30"),  # fmt: skip
    ("ring", "pack.unknown_name", 6, 36, "定义成环：a → b → a", "the definition leads back to itself: a → b → a"),  # fmt: skip
    ("unit_unknown", "pack.choice", 7, 11, "unit 只能是 CNY、percent、ratio、number、days、months、count、boolean、text、date是不是“CNY”？", "unit is one of CNY, percent, ratio, number, days, months, count, boolean, text, datedid you mean “CNY”?"),  # fmt: skip
    ("parameter_day", "pack.date", 9, 7, "2024-13-01 不是日期；写作 2026-01-19", "2024-13-01 is not a day; write 2026-01-19"),  # fmt: skip
    ("parameter_type", "pack.type", 9, 19, "值应是小数，最多18位整数、12位小数", "the value should be decimal, of at most 18 digits and 12 decimal places"),  # fmt: skip
    ("parameter_digits", "pack.type", 9, 19, "值应是小数，最多18位整数、12位小数", "the value should be decimal, of at most 18 digits and 12 decimal places"),  # fmt: skip
    ("parameter_until", "pack.date", 9, 37, "until 应晚于开始日", "until should be later than the first day"),  # fmt: skip
    ("parameter_none", "pack.missing_key", 8, 13, "参数 cap 没有一个可用的值", "the parameter cap has no usable value"),  # fmt: skip
    ("set_member", "pack.shape", 8, 9, "成员要有且只有 codes、prefix、range 之一", "a member has exactly one of codes, prefix, range"),  # fmt: skip
    ("set_range", "pack.shape", 8, 17, "range 是同样长度的首尾两个代码", "a range is two codes of one length, first and last"),  # fmt: skip
    ("set_partial", "pack.missing_key", 5, 3, "不完整的代码集要用 note 说明缺什么", "a partial code set says in note what is missing"),  # fmt: skip
    ("theme_tag", "pack.tag", 10, 10, "标签要以 tech. 开头", "the tag should begin with tech."),  # fmt: skip
    ("theme_basis", "pack.choice", 9, 12, "basis 只能是 E、U、P、C、product", "basis is one of E, U, P, C, product"),  # fmt: skip
    ("theme_amount", "pack.type", 9, 13, "计入金额要是精确的数", "the amount counted must be an exact number"),  # fmt: skip
    ("label_shape", "pack.shape", 6, 12, "label 应写作 {zh: …, en: …}", "label should be {zh: …, en: …}"),  # fmt: skip
    ("measure_unknown", "pack.measure", 10, 14, "不认识的度量，应如 sum(amount)、count()、distinct(buyer_id)是不是“sum”？", "not a measure; write sum(amount), count(), distinct(buyer_id) …did you mean “sum”?"),  # fmt: skip
    ("measure_type", "pack.type", 10, 14, "sum 只加精确的数", "sum adds exact numbers only"),  # fmt: skip
    ("measure_arguments", "pack.arguments", 10, 14, "sum 要 1 个参数", "sum takes 1 arguments"),  # fmt: skip
    ("measure_by", "pack.by", 9, 9, "invoice 的 seler 不通向 enterprise是不是“seller”？", "seler of invoice does not lead to enterprisedid you mean “seller”?"),  # fmt: skip
    ("measure_by_which", "pack.by", 8, 11, "invoice 通向 enterprise 的关系有 2 条用 by 指明：seller、buyer", "2 relations lead from invoice to enterprisesay which with by: seller, buyer"),  # fmt: skip
    ("window_missing", "pack.window", 8, 11, "public_record 是事件，度量要有 window", "public_record is an event kind: the measure needs a window"),  # fmt: skip
    ("window_of_no_event", "pack.window", 10, 13, "enterprise_status 不是事件，不能有 window", "enterprise_status is not an event kind: it has no window"),  # fmt: skip
    ("window_hop", "pack.window", 11, 10, "hop 不能比 window 长", "the hop cannot be longer than the window"),  # fmt: skip
    ("window_span", "pack.span", 10, 13, "window 应写作 90 days、12 months、1 hour 这样的时长", "window should be a span such as 90 days, 12 months or 1 hour"),  # fmt: skip
    ("window_last", "pack.window", 9, 14, "last 只用于事件", "last is for event kinds only"),  # fmt: skip
    ("window_days_since", "pack.window", 9, 14, "days_since 只用于事件，且不带 window", "days_since is for event kinds, without a window"),  # fmt: skip
    ("window_path", "pack.unknown_name", 10, 12, "这里只能用 public_record 自己的字段，不能用路径 enterprise.is_rural", "only public_record's own fields can be used here, not the path enterprise.is_rural"),  # fmt: skip
    ("beats_unknown", "pack.choice", 11, 52, "没有例外 on是不是“one”？", "there is no exception ondid you mean “one”?"),  # fmt: skip
    ("conflict", "pack.conflict", 11, 12, "例外 one 与 two 可以同时成立用 beats 写明谁优先", "the exceptions one and two can hold togethersay with beats which goes first"),  # fmt: skip
    ("overlap", "pack.overlap", 11, 9, "第 1 行与第 2 行可以同时成立，结果不同", "rows 1 and 2 can hold together and differ"),  # fmt: skip
    ("gap", "pack.gap", 5, 3, "表 t 有输入不落在任何一行补一行、加 else 或写明 domain", "an input meets no row of the table tadd a row, an else, or a domain"),  # fmt: skip
    ("table_types", "pack.type", 9, 7, "各行结果的类型不同", "the rows give results of different types"),  # fmt: skip
    ("value_types", "pack.type", 10, 7, "例外与一般规则的类型不同", "exceptions and general rule differ in type"),  # fmt: skip
    ("rule_key", "pack.key", 8, 11, "loan 不是单一键，不能作预警对象", "loan has no single key: no rule can be over it"),  # fmt: skip
    ("rule_shape", "pack.shape", 6, 5, "规则要有 when 与 tier，或者 tiers，二者之一", "a rule has when and tier, or tiers: one of the two"),  # fmt: skip
    ("rule_tier", "pack.choice", 9, 11, "没有等级 orang，应是 blue、yellow、orange、red是不是“orange”？", "there is no tier orang: one of blue, yellow, orange, reddid you mean “orange”?"),  # fmt: skip
    ("rule_reason", "pack.unknown_name", 10, 13, "理由里的 {employes} 不存在是不是“employees”？", "{employes} in the reason means nothingdid you mean “employees”?"),  # fmt: skip
    ("rule_reason_parameter", "pack.unknown_name", 10, 13, "理由里的 {:cap} 不存在", "{:cap} in the reason means nothing"),  # fmt: skip
    ("reading_chosen", "pack.choice", 13, 13, "没有读法 c", "there is no reading c"),  # fmt: skip
    ("reading_one", "pack.missing_key", 16, 7, "解释登记至少要有两种读法", "an interpretation has at least two readings"),  # fmt: skip
    ("reading_differs", "pack.reading", 10, 3, "所选读法 a 的 cap 与参数表不一致", "the chosen reading a and the parameter cap do not agree"),  # fmt: skip
    ("reading_parameter", "pack.unknown_parameter", 10, 3, "读法 a 设的参数 cup 不存在", "the reading a sets cup, which is no parameter"),  # fmt: skip
    ("requires_missing", "pack.requires", 4, 1, "找不到政策包 china-bas（应是含 pack.yaml 的文件夹，或自带包的名字）。是不是“china-base”？", "no pack china-bas: give a folder that holds pack.yaml, or the name of a shipped pack. did you mean “china-base”?"),  # fmt: skip
    ("requires_ring_a", "pack.requires", 4, 1, "所需的包 requires_ring_b 有 1 处错误先改好它：houfeng pack check requires_ring_b", "the required pack requires_ring_b has 1 errorsmend it first: houfeng pack check requires_ring_b"),  # fmt: skip
    ("requires_ring_b", "pack.requires", 4, 1, "所需的包 requires_ring_a 有 1 处错误先改好它：houfeng pack check requires_ring_a", "the required pack requires_ring_a has 1 errorsmend it first: houfeng pack check requires_ring_a"),  # fmt: skip
    ("requires_broken", "pack.requires", 4, 1, "所需的包 type_compare 有 1 处错误先改好它：houfeng pack check type_compare", "the required pack type_compare has 1 errorsmend it first: houfeng pack check type_compare"),  # fmt: skip
    ("requires_clash", "pack.twice", 6, 3, "lpr_1y 已在所需的包里定义", "lpr_1y is already defined in a required pack"),  # fmt: skip
    ("case_date", "pack.shape", 6, 12, "as_of 的值类型不对，应是 date", "as_of should be date"),  # fmt: skip
]
FOLLOWS = {  # what must follow from the first problem
    "ring": 2,
    "parameter_type": 2,
    "parameter_digits": 2,
    "window_span": 2,
    "reading_parameter": 2,
}


@pytest.mark.parametrize(("name", "code", "line", "column", "zh", "en"), BROKEN, ids=[row[0] for row in BROKEN])
def test_tells_the_error(name: str, code: str, line: int, column: int, zh: str, en: str) -> None:
    """The problem has this code at this place, says these words, and brings no others with it."""
    _, problems = check_pack(FOLDER / name)
    found = [p for p in problems if (p.code, p.where.line, p.where.column) == (code, line, column)]
    assert found, [p.render("en") for p in problems]
    problem = next(p for p in found if en in p.message.en + p.suggestion.en)
    assert zh in problem.message.zh + problem.suggestion.zh
    assert Path(problem.where.file) == FOLDER / name / "pack.yaml"
    assert problem.level is Level.ERROR
    assert len(problems) == FOLLOWS.get(name, 1), [p.render("en") for p in problems]


def test_every_folder_is_tried() -> None:
    """No broken pack lies about untested."""
    assert {row[0] for row in BROKEN} | {"many_errors"} == {f.name for f in FOLDER.iterdir() if f.is_dir()}


def test_tells_all_at_once() -> None:
    """Errors of head, facts, expressions and shapes, in two files, come in one go and in file order."""
    _, problems = check_pack(FOLDER / "many_errors")
    assert [(Path(p.where.file).name, p.where.line, p.code) for p in problems] == [
        ("pack.yaml", 1, "pack.name"),
        ("pack.yaml", 5, "pack.type"),
        ("pack.yaml", 7, "pack.shape"),
        ("pack.yaml", 12, "pack.unknown_name"),
        ("pack.yaml", 12, "pack.unknown_parameter"),
        ("pack.yaml", 12, "pack.unknown_set"),
        ("pack.yaml", 12, "pack.unknown_function"),
        ("pack.yaml", 15, "pack.unknown_kind"),
        ("pack.yaml", 22, "pack.measure"),
        ("pack.yaml", 25, "pack.choice"),
        ("second.yaml", 2, "pack.twice"),
        ("second.yaml", 4, "pack.type"),
        ("second.yaml", 5, "pack.unknown_key"),
    ]
