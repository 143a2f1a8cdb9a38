#!/usr/bin/env python3
"""The scalar functions of weir against those of DuckDB that bear the same name.

    functions.py WEIR FOLDER

Rows are made from edge values and a fixed random seed, go through one weir pipeline and one DuckDB
query, and every value is compared.  A value that fails in either program counts as null there.
Where the two mean different things on purpose (PostgreSQL's meaning, or what docs/reference.md says
of DuckDB), a case has a condition on the row under which it is not compared, or an expression of
its own for DuckDB.  Prints the lines of a suite (tests/README.md).
"""
import datetime
import decimal
import json
import math
import random
import re
import subprocess
import sys

D = decimal.Decimal
decimal.getcontext().prec = 60
ROWS = 400
SEED = 20261128

TEXTS = ["", " ", "a", "A", "abc", "ABC", "Hello World", "hello  world ", "größe", "GRÖSSE", "ÄÖÜ äöü",
         "naïve café", "日本語テキスト", "😀 smile 😀", "e\u0301", "مرحبا", "tab\there", "line\nbreak", "a,b,c", "a,,b", ",",
         "aaa", "banana", "123", "-1.5", "0123", "1e5", "it's", "x%y_z", "\\", "a\\b", "(a|b)", "a.b*c", "[x]",
         "http://x.io/a?b=1&c=%20", "ann@example.com", "ſtraße", "İstanbul", "ΑΣ", "Σίσυφος", "Dž", "ﬁn", "\u00a0x\u00a0",
         "0" * 40, "abcabcabc", "Mississippi", "true", "2024-02-29", "null", '"quoted"', "kitten", "sitting"]
PARTS = ["", "a", "b", "ab", "l", " ", ",", "ö", "ss", "an", "本", "😀", ".", "i", "World", "%", "x", "é", "\\", "A"]
INTS = [0, 1, -1, 2, -2, 3, 5, 7, -7, 10, 12, 17, 20, 21, 31, 63, 64, 100, 255, 256, 1000, -1000, 65535, 2**31 - 1,
        -2**31, 2**31, 2**53, -2**53, 2**63 - 1, -2**63, -2**63 + 1, 10**18]
SMALL = [-9, -3, -2, -1, 0, 1, 2, 3, 4, 5, 8, 12, 20]
FLOATS = [0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 3.141592653589793, 1e-300, 1e300, -1e300, 1e15, 123456.789,
          -123456.789, 1e-9, 2.0, 10.0, 100.0, 0.99999, 4.5, 1e308, 5e-324, 0.25]
DECIMALS = ["0.00", "1.00", "-1.00", "0.50", "-0.50", "1.50", "2.50", "-2.50", "0.05", "0.005", "1234567.8950",
            "-1234567.8950", "99999999999999.9999", "-99999999999999.9999", "12.3450", "-0.0001", "0.0001", "7.7777"]
DATES = ["0001-01-01", "1582-10-04", "1582-10-15", "1600-02-29", "1752-09-14", "1899-12-31", "1900-01-01", "1900-02-28",
         "1900-03-01", "1969-12-31", "1970-01-01", "1999-12-31", "2000-01-01", "2000-02-29", "2004-12-27", "2005-01-01",
         "2008-12-29", "2010-01-03", "2020-12-31", "2021-01-01", "2023-01-31", "2024-01-31", "2024-02-28", "2024-02-29",
         "2024-03-31", "2024-05-05", "2024-12-30", "2024-12-31", "2026-11-28", "2100-02-28", "9999-12-31"]
TIMES = ["00:00:00", "00:00:01", "12:30:15", "23:59:59", "23:59:59.999999", "06:07:08.123456", "12:00:00.500000"]
UNITS = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"]


def rows():
    rnd = random.Random(SEED)

    def text():
        if rnd.random() < 0.75:
            return rnd.choice(TEXTS)
        return "".join(rnd.choice("abcXYZ 01éß日,.-😀") for _ in range(rnd.randrange(0, 12)))

    def some(choose, nulls=0.06):
        return None if rnd.random() < nulls else choose()

    out = []
    for k in range(ROWS):
        date, day2 = rnd.choice(DATES), rnd.choice(DATES)
        if k % 3 == 0:
            date = (datetime.date(1, 1, 1) + datetime.timedelta(days=rnd.randrange(3652059))).isoformat()
        if k % 4 == 0:
            day2 = (datetime.date(1970, 1, 1) + datetime.timedelta(days=rnd.randrange(40000))).isoformat()
        out.append({
            "s": some(lambda: TEXTS[k] if k < len(TEXTS) else text(), 0.03),
            "t": some(text), "p": some(lambda: rnd.choice(PARTS)),
            "q": some(lambda: rnd.choice(PARTS)),
            "i": some(lambda: INTS[k % len(INTS)] if k < 64 else rnd.randrange(-10**6, 10**6)),
            "j": some(lambda: rnd.choice(INTS)), "n": some(lambda: rnd.choice(SMALL)),
            "m": some(lambda: rnd.choice(SMALL)),
            "f": some(lambda: FLOATS[k % len(FLOATS)] if k < 50 else rnd.uniform(-1000, 1000)),
            "g": some(lambda: rnd.choice(FLOATS)),
            "x": some(lambda: rnd.choice(DECIMALS)), "y": some(lambda: rnd.choice(DECIMALS)),
            "d": some(lambda: date), "e": some(lambda: day2),
            "ts": some(lambda: date + " " + rnd.choice(TIMES)),
            "tu": some(lambda: day2 + " " + rnd.choice(TIMES)),
            "b": some(lambda: rnd.random() < 0.5), "c": some(lambda: rnd.random() < 0.5),
        })
    return out


TYPES = {"s": ("string", "VARCHAR"), "t": ("string", "VARCHAR"), "p": ("string", "VARCHAR"), "q": ("string", "VARCHAR"),
         "i": ("int64", "BIGINT"), "j": ("int64", "BIGINT"), "n": ("int64", "BIGINT"), "m": ("int64", "BIGINT"),
         "f": ("float64", "DOUBLE"), "g": ("float64", "DOUBLE"),
         "x": ("decimal(18,4)", "DECIMAL(18,4)"), "y": ("decimal(18,4)", "DECIMAL(18,4)"),
         "d": ("date", "DATE"), "e": ("date", "DATE"), "ts": ("timestamp", "TIMESTAMP"), "tu": ("timestamp", "TIMESTAMP"),
         "b": ("bool", "BOOLEAN"), "c": ("bool", "BOOLEAN")}

CASES = []


def case(weir, duck=None, unless=None):
    """unless(row): the two differ there, and docs/reference.md or PostgreSQL's meaning says how."""
    CASES.append((weir, duck or weir, unless))


def same(*names):
    for name in names:
        case(name)


def build():
    # ---- text
    same("lower(s)", "length(s)", "ascii(s)", "bit_length(s)",
         "trim(s, p)", "ltrim(s, p)", "rtrim(s, p)", "contains(s, p)", "starts_with(s, p)", "ends_with(s, p)",
         "replace(s, p, q)", "strpos(s, p)", "left(s, n)", "right(s, n)", "concat(s, p, q)", "concat_ws(p, s, t)", "s || t",
         "concat_ws('-', s, p, q)", "translate(s, 'abé', 'XYZ')", "translate(s, p, q)", "md5(s)", "sha1(s)", "sha256(s)",
         "s like '%a%'", "s ilike '%A_'", "s not like '_'", "s < t", "s = t", "s <= p", "s is distinct from t",
         "coalesce(s, t, p)", "nullif(s, t)", "greatest(s, t)", "least(s, t)", "s between p and t", "s in ('a', 'abc', p)",
         "position(p in s)", "regexp_matches(s, '[a-z]+')", "regexp_full_match(s, '[A-Za-z]+')",
         "regexp_replace(s, '[aeiou]', '*')", "regexp_replace(s, '[aeiou]', '*', 'g')", "regexp_replace(s, '(\\w)b', '<\\1>', 'g')",
         "lcase(s)", "char_length(s)")
    case("unicode(s)", unless=lambda r: r["s"] == "")
    case("ord(s)", unless=lambda r: r["s"] == "")
    case("chr(n + 65)", "chr((n + 65)::integer)")
    case("upper(s)", "replace(upper(s), 'ẞ', 'ß')")  # one character for one, as PostgreSQL's libc
    case("ucase(s)", "replace(upper(s), 'ẞ', 'ß')")
    no_marks = lambda r: "\u0301" in (r["s"] or "")  # DuckDB keeps a mark with its letter
    case("reverse(s)", unless=no_marks)
    wide_blank = lambda r: "\u00a0" in (r["s"] or "")  # PostgreSQL: trim takes blanks only
    for name in ("trim", "ltrim", "rtrim"):
        case(f"{name}(s)", unless=wide_blank)
    # PostgreSQL: a backslash takes the meaning of the next character
    case("s like p || '%'", unless=lambda r: r["p"] == "\\")
    # PostgreSQL: place 0 and before it count, DuckDB takes them from the end or as 1
    case("substr(s, n)", unless=lambda r: r["n"] is not None and r["n"] <= 0)
    case("substr(s, n, m)", unless=lambda r: None not in (r["n"], r["m"]) and (r["n"] <= 0 or r["m"] < 0))
    case("substring(s from n for m)", unless=lambda r: None not in (r["n"], r["m"]) and (r["n"] <= 0 or r["m"] < 0))
    # PostgreSQL: part 0 is an error; an empty delimiter is found nowhere
    case("split_part(s, p, n)", unless=lambda r: r["n"] == 0 or r["p"] == "")
    case("octet_length(s)", "strlen(s)")
    case("repeat(s, n)")
    case("lpad(s, n, p)", "lpad(s, n::integer, p)", unless=lambda r: r["p"] == "" or (r["n"] or 0) < 0)
    case("rpad(s, n, p)", "rpad(s, n::integer, p)", unless=lambda r: r["p"] == "" or (r["n"] or 0) < 0)
    case("regexp_extract(s, '[0-9]+')", "nullif(regexp_extract(s, '[0-9]+'), '')")
    case("regexp_extract(s, '(.)b(.)', 2)", "nullif(regexp_extract(s, '(.)b(.)', 2), '')")
    case("list_join(split(s, ','), '|')", "array_to_string(string_split(s, ','), '|')")
    case("list_join(regexp_split(s, '[ab]+'), '|')", "array_to_string(string_split_regex(s, '[ab]+'), '|')")
    case("list_join(regexp_extract_all(s, '[a-z]+'), '|')", "coalesce(array_to_string(regexp_extract_all(s, '[a-z]+'), '|'), left(s, 0))")
    ascii_only = lambda r: not ((r["s"] or "") + (r["t"] or "")).isascii()
    for name in ("levenshtein", "jaro_similarity", "jaro_winkler_similarity", "damerau_levenshtein"):
        case(f"{name}(s, t)", unless=ascii_only)  # DuckDB counts bytes
    case("hamming(s, t)", unless=ascii_only)
    case("hex(s)", "lower(hex(s))")
    case("to_base64(s)", "to_base64(encode(s))")
    case("from_utf8(from_base64(to_base64(s)))", "decode(encode(s))")
    case("url_encode(s)", "url_encode(s)")
    case("url_decode(s)", unless=lambda r: "%" in (r["s"] or ""))
    case("url_decode(url_encode(s))", "s")
    case("starts_with(lower(s), lower(p))")
    case("unaccent(s)", "strip_accents(s)", unless=lambda r: any(ord(c) > 0x7f and c not in "öÖäÄüÜéï" for c in r["s"] or ""))
    # ---- casts of texts
    case("try_cast(s as time)", unless=lambda r: r["s"] == "2024-02-29")
    for kind in ("int64", "float64", "date", "timestamp", "bool"):
        duck = {"int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN"}.get(kind, kind)
        case(f"try_cast(s as {kind})", f"try_cast(s as {duck})", unless=lambda r: r["s"] in ("-1.5", "1e5", " "))
    # 1e15 as PostgreSQL writes it
    case("cast(f as string)", "cast(f as varchar)", unless=lambda r: r["f"] == 1e15)
    for name in "ijnxdb":
        case(f"cast({name} as string)", f"cast({name} as varchar)")
    # a cast never loses: 1.5 is no int64
    case("cast(f as int64)", "cast(f as bigint)", unless=lambda r: r["f"] is not None and r["f"] != int(r["f"]))
    case("cast(x as int64)", "cast(x as bigint)", unless=lambda r: r["x"] is not None and D(r["x"]) % 1 != 0)
    case("cast(i as float64)", "cast(i as double)", unless=lambda r: r["i"] is not None and int(float(r["i"])) != r["i"])
    case("cast(i as decimal(18,4))")
    case("cast(i as int32)", "cast(i as integer)")
    case("cast(i as int16)", "cast(i as smallint)")
    case("cast(i as uint8)", "cast(i as utinyint)")
    case("cast(d as timestamp)")
    case("cast(b as int64)", "cast(b as bigint)")
    # ---- numbers
    same("i + j", "i - j", "i * j", "-i", "i % j", "abs(i)", "sign(i)", "-x", "abs(x)", "sign(x)", "f + g", "f - g",
         "abs(f)", "sign(f)", "ceil(f)", "floor(f)", "trunc(f)", "round(f)", "ceil(x)", "floor(x)", "i < j", "x < y", "f < g",
         "x = y", "i = x", "f > i", "greatest(i, j, n)", "least(i, j, n)", "greatest(f, g)", "least(x, y)", "gcd(n, m)", "lcm(n, m)",
         "sqrt(f)", "cbrt(f)", "ln(f)", "log2(f)", "log10(f)", "sin(f)", "cos(f)", "tan(f)", "asin(f)", "acos(f)",
         "atan(f)", "atan2(f, g)", "tanh(f)", "asinh(f)", "radians(f)", "isnan(f)", "isinf(f)", "isfinite(f)", "bit_count(i)", "i & j", "i | j", "~i", "pi()",
         "nullif(i, j)", "coalesce(i, j)", "i between n and j", "i in (0, 1, j)", "i is distinct from j",
         "round(x, 2)", "round(x)", "round(x, 0)", "round(f, 2)", "trunc(x)", "greatest(x, y)")
    # more digits in the result, so that no sum is out of range
    for sign in "+-*":
        case(f"x {sign} y", f"x::decimal(38,4) {sign} y" if sign != "*" else "x::decimal(28,4) * y::decimal(10,4)",
             unless=lambda r, s=sign: s == "*" and r["y"] is not None and abs(D(r["y"])) > 10**6)
    # an overflow of float64 fails as in PostgreSQL, and so does what is not real
    finite = lambda text: f"case when isfinite({text}) then {text} end"
    for text in ("f * g", "exp(f)", "sinh(f)", "cosh(f)", "acosh(f)", "degrees(f)", "pow(f, n)", "power(f, g)"):
        case(text, finite(text))
    case("f / g", finite("f / g"))
    case("atanh(f)", "case when abs(f) < 1 then atanh(f) end")
    case("cot(f)", "case when abs(f) > 1e-300 then cot(f) end", unless=lambda r: 0 < abs(r["f"] or 0) <= 1e-300)
    case("factorial(n)", "factorial(n::integer)", unless=lambda r: not 0 <= (r["n"] or 0) <= 20)
    case("div(i, j)", "i // j")
    case("i / j", "i // j", unless=lambda r: False)
    case("mod(i, j)")
    case("mod(f, g)", unless=lambda r: r["g"] == 0)
    case("f % g", unless=lambda r: r["g"] == 0)
    case("x % y", unless=lambda r: r["y"] is not None and D(r["y"]) == 0)
    for digits in (-3, -1, 0, 1, 3, 8):
        case(f"round(i, {digits})", unless=lambda r: abs(r["i"] or 0) > 9 * 10**18)  # DuckDB wraps
        case(f"round(f, {digits})", unless=lambda r: abs(r["f"] or 0) > 1e250)
        case(f"round(x, {digits})")
    case("shift_left(n, m)", "n << m", unless=lambda r: (r["n"] or 0) < 0)
    case("shift_right(n, m)", "n >> m", unless=lambda r: (r["m"] or 0) < 0)
    case("bit_xor(i, j)", "xor(i, j)")
    case("to_base(i, 16)", "lower(to_base(i, 16))", unless=lambda r: (r["i"] or 0) < 0)
    case("to_base(abs(n), 2)", "to_base(abs(n), 2)")
    case("bin(n)", "bin(n)")
    case("to_hex(i)", "lower(to_hex(i))")
    case("printf('%d|%5d|%-5d|%05d', n, n, n, n)")
    # DuckDB writes 17 digits and zeros
    case("printf('%.2f', f)", unless=lambda r: abs(r["f"] or 0) > 1e17)
    case("printf('%s-%s', s, t)")
    case("format('{} and {}', n, s)", unless=lambda r: None in (r["n"], r["s"]))
    # ---- dates
    same("year(d)", "quarter(d)", "month(d)", "day(d)", "dayofweek(d)", "isodow(d)", "dayofyear(d)", "week(d)", "isoyear(d)", "yearweek(d)",
         "last_day(d)", "hour(ts)", "minute(ts)", "year(ts)", "epoch_us(ts)", "d < e", "ts < tu", "d = ts", "d - e", "greatest(d, e)",
         "least(ts, tu)", "coalesce(d, e)", "dayname(d)", "monthname(d)", "make_date(n + 2000, m, n)",
         "strftime(ts, '%Y-%m-%d %H:%M:%S')", "strftime(d, '%d.%m.%y')", "strftime(d, '%j %U %W %u %w')",
         "strftime(ts, '%I:%M %p')", "strftime(d, '%a %b %A %B')", "strftime(ts, '%f')", "strftime(d, '%-d.%-m.%Y')", "strftime(d, '%G-W%V')")
    case("epoch_ms(ts)", unless=lambda r: (r["ts"] or "2") < "1970")
    # years 1 to 9999
    edge = lambda r: any((r[k] or "2")[:4] in ("9999", "0001") for k in ("d", "ts"))
    for text in ("ts + interval '1 day'", "ts - interval '1 month'", "ts + interval '90 minutes'", "d + interval '1 month'",
                 "d - interval '1 year'", "d + interval '1 day 2 hours'", "date_add(d, interval '1 month')"):
        case(text, unless=edge)
    case("d + n", "d + n::integer", unless=edge)
    case("d - n", "d - n::integer", unless=edge)
    case("second(ts)")
    case("epoch(ts)")
    case("date_trunc('decade', ts)", unless=edge)
    for unit in UNITS:
        case(f"date_trunc('{unit}', ts)")
        case(f"date_trunc('{unit}', d)", f"date_trunc('{unit}', d)::timestamp") if unit in UNITS[:5] else None
    for unit in UNITS:
        if unit != "week":
            case(f"date_diff('{unit}', ts, tu)")
            case(f"date_diff('{unit}', d, e)")
    # Mondays between; DuckDB has them by a division that rounds toward 1970
    case("date_diff('week', d, e)", "date_diff('day', date_trunc('week', d), date_trunc('week', e)) // 7")
    case("date_diff('week', ts, tu)", "date_diff('day', date_trunc('week', ts), date_trunc('week', tu)) // 7")
    for part in ("second", "millisecond"):  # with a fraction, as in PostgreSQL
        case(f"trunc(date_part('{part}', ts))", f"date_part('{part}', ts)")
        case(f"trunc(extract({part} from ts))", f"extract({part} from ts)")
    for part in UNITS[:-1] + ["dow", "isodow", "doy", "isoyear", "epoch", "decade", "century", "millennium", "microsecond"]:
        case(f"date_part('{part}', ts)")
        case(f"extract({part} from ts)")
    for part in ("year", "month", "day", "hour"):
        case(f"date_part('{part}', age(ts, tu))")
    case("add_months(d, n)", "(d + to_months(n::integer))::date", unless=edge)
    case("ts - tu > interval '1 day'")
    case("to_timestamp(s, '%Y-%m-%d')", "try_strptime(s, '%Y-%m-%d')")
    case("to_date(strftime(d, '%d/%m/%Y'), '%d/%m/%Y')", "d")
    case("make_timestamp(2024, 2, 29, n, m, 1.5)")
    case("time_bucket(interval '15 minutes', ts)")
    case("time_bucket(interval '1 month', d)", "time_bucket(interval '1 month', d)")
    # ---- logic
    same("b and c", "b or c", "not b", "b = c", "b is true", "b is not false", "b is null", "if(b, s, t)", "case when b then i else j end",
         "case n when 1 then 'one' when 2 then 'two' else 'many' end", "ifnull(s, t)")
    case("nvl(i, j)", "ifnull(i, j)")
    case("xor(b, c)", "b <> c")
    # ---- lists
    for text in ("list_contains({}, n)", "list_position({}, n)", "length({})", "list_max({})", "list_min({})", "{}[2]", "{}[-1]",
                 "list_has_any({}, [1, 2])", "list_has_all({}, [n])", "{} = [1, 2, 3]"):
        case(text.format("list(n, m, i)").replace("[1, 2, 3]", "list(1, 2, 3)").replace("[1, 2]", "list(1, 2)").replace("[n]", "list(n)"),
             text.format("[n, m, i]"))
    case("list_sum(list(n, m, 1))", "list_sum([n, m, 1])")
    three, theirs = "list(n, m, i)", "[n, m, i]"
    case(f"list_sort({three})", f"list_sort({theirs}, 'asc', 'nulls last')")
    case(f"list_append({three}, n)", f"list_append({theirs}, n)")
    case(f"list_prepend(n, {three})", f"list_prepend(n, {theirs})")
    case(f"list_concat({three}, list(n))", f"list_concat({theirs}, [n])")
    case(f"list_slice({three}, 2, 3)", f"list_slice({theirs}, 2, 3)")
    case(f"list_slice({three}, -2, -1)", f"list_slice({theirs}, -2, -1)")
    case(f"list_reverse({three})", f"list_reverse({theirs})")
    case("list_flatten(list(list(n, m), list(i)))", "flatten([[n, m], [i]])")
    case("generate_series(n, m)", "generate_series(n, m)")
    case("range(n, m)")


def yaml_quote(text):
    return "'" + text.replace("'", "''") + "'"


def write_pipeline(folder, cases):
    with open(folder + "/p.yaml", "w") as f:
        f.write("weir: 1\nname: p\nsource:\n  path: in.ndjson\n  columns:\n")
        for name, (kind, _) in TYPES.items():
            f.write(f"    {name}: \"{kind}\"\n")
        f.write("transform:\n  - set:\n")
        for k, (expr, _, _) in cases:
            f.write(f"      r{k}: {yaml_quote('try(' + expr + ')')}\n")
        f.write("  - select: [" + ", ".join(f"r{k}" for k, _ in cases) + "]\n")
        f.write("sink:\n  path: out.ndjson\n  mode: replace\n")


def run_weir(weir, folder, cases):
    """Results by case; cases that do not bind are taken out, with the reason."""
    reasons, left = {}, list(enumerate(cases))
    for _ in range(3):
        write_pipeline(folder, left)
        got = subprocess.run([weir, "check", folder + "/p.yaml", "-o", "json"], capture_output=True, text=True)
        if got.returncode == 0:
            break
        answer = json.loads(got.stdout)
        for fault in answer["errors"] if isinstance(answer, dict) else answer:
            k = re.fullmatch(r"r([0-9]+)", fault.get("key") or "")
            k = int(k[1]) if k else None
            if k is None:
                raise SystemExit("not ok functions: " + fault["message"])
            reasons[k] = fault["message"]
        left = [c for c in left if c[0] not in reasons]
    got = subprocess.run([weir, "run", folder + "/p.yaml", "-q"], capture_output=True, text=True)
    if got.returncode:
        raise SystemExit("not ok functions: weir run: " + got.stderr.strip())
    with open(folder + "/out.ndjson") as f:
        lines = [json.loads(line, parse_float=D, parse_int=D) for line in f]
    return {k: [line[f"r{k}"] for line in lines] for k, _ in left}, reasons


def comparable(v):
    """One form for values of both programs."""
    if v is None or isinstance(v, bool):
        return v
    if isinstance(v, int):
        return D(v)
    if isinstance(v, float):
        return "nan" if math.isnan(v) else ("inf" if v > 0 else "-inf") if math.isinf(v) else v
    if isinstance(v, datetime.datetime):
        return v.isoformat(sep=" ")
    if isinstance(v, (datetime.date, datetime.time)):
        return v.isoformat()
    if isinstance(v, list):
        return [comparable(x) for x in v]
    if isinstance(v, (bytes, bytearray)):
        return bytes(v).decode("utf-8", "replace")
    return v


def equal(w, q):
    q = comparable(q)
    if w is None or q is None or isinstance(w, bool) or isinstance(q, bool):
        return w is q
    if isinstance(w, str) and w in ("NaN", "Infinity", "-Infinity"):
        w = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[w]
    if isinstance(w, D) and isinstance(q, (D, float)):
        if isinstance(q, float):
            return math.isclose(float(w), q, rel_tol=1e-12, abs_tol=1e-300)
        return w == q
    if isinstance(w, str) and isinstance(q, (D, float)):
        try:
            return D(w) == D(q) if isinstance(q, D) else math.isclose(float(w), q, rel_tol=1e-12)
        except decimal.InvalidOperation:
            return False
    if isinstance(w, str) and isinstance(q, str):
        if w == q:
            return True
        # moments: with or without T, and with needless zeros
        a, b = w.replace("T", " "), q
        if a.split(".")[0] == b.split(".")[0] or a == b + " 00:00:00" or b == a + " 00:00:00":
            tail = lambda z: (z.split(".") + [""])[1].rstrip("0")
            return a == b + " 00:00:00" or b == a + " 00:00:00" or tail(a) == tail(b)
    return w == q


def main():
    weir, folder = sys.argv[1], sys.argv[2]
    try:
        import duckdb
    except ImportError:
        duckdb = None
    if not duckdb or not duckdb.__version__.startswith("1.4."):
        print("skip functions: no DuckDB 1.4")
        return 0
    build()
    table = rows()
    with open(folder + "/in.ndjson", "w") as f:
        for row in table:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")
    results, reasons = run_weir(weir, folder, CASES)
    con = duckdb.connect()
    con.execute("create table r (k integer, " + ", ".join(f"{n} {t[1]}" for n, t in TYPES.items()) + ")")
    marks = ", ".join("?" for _ in range(len(TYPES) + 1))
    con.executemany(f"insert into r values ({marks})", [[k] + [row[n] for n in TYPES] for k, row in enumerate(table)])
    failed = 0
    for k, (expr, duck, unless) in enumerate(CASES):
        if k in reasons:
            print(f"not ok {expr}: weir: {reasons[k]}")
            failed += 1
            continue
        try:
            theirs = [v[0] for v in con.execute(f"select try({duck}) from r order by k").fetchall()]
        except Exception as e:
            print(f"not ok {expr}: DuckDB: {str(e).splitlines()[0]}")
            failed += 1
            continue
        differ = [(row, w, q) for row, w, q in zip(table, results[k], theirs)
                  if not (unless and unless(row)) and not equal(w, q)]
        if not differ:
            print(f"ok {expr}")
            continue
        failed += 1
        print(f"not ok {expr}: {len(differ)} of {len(table)} differ")
        for row, w, q in differ[:4]:
            used = {n: row[n] for n in TYPES if re.search(rf"\b{n}\b", expr)}
            print(f"    {used}: weir {w!r}, DuckDB {comparable(q)!r}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
