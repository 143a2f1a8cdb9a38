#!/usr/bin/env python3
"""Reads every file of the corpus with weir and says how it compares with what is known of it.

    agree.py [--weir PROGRAM] [--corpus FOLDER] [--detail FILE] [--table FILE] [FOLDER...]

A file gets one verdict:

    truth     equals the expected records that stand beside it, or the outcome its name promises
    reader    rows and columns are those of a reader in FACTS.tsv (DuckDB, Python's csv)
    dialect   Python's csv, told the dialect that weir states, reads the same values; packed files:
              from what Python unpacks
    values    JSON: Python's json reads the same values
    refused   known to be invalid, and weir says so with an exit code and a message
    decided   decided.tsv names the specification, or the file's own documentation, that decides
    differs   none of these

Ground truth comes first.  A refusal counts only where the file is known to be invalid: its readers
fail, too, or its name says so.  The last lines are the table; --table writes it as Markdown.
"""
import argparse
import bz2
import csv
import gzip
import io
import json
import lzma
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDERS = ["csv", "json", "real", "text", "logs", "compression", "archives"]
VERDICTS = ["truth", "reader", "dialect", "values", "refused", "decided", "differs"]
csv.field_size_limit(1 << 30)


class Options:
    weir = corpus = None
    facts, decided = {}, {}


class Result:
    """What weir made of a file."""

    def __init__(self):
        self.code, self.message = 0, ""
        self.loaded = self.rejected = 0
        self.columns, self.records = [], []
        self.reasons = []


def limited(command, cwd):
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60)
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        return -99, b"", "more than 60 seconds"


def pairs(items):
    return OrderedDict(items)


def run(path, work, infer, extra=()):
    """One copy: infer full as a person would, or every field as text."""
    r = Result()
    lines = ["name: agree", "source:", "  path: " + json.dumps(path), "  infer: " + infer]
    lines += ["  " + e for e in extra]
    lines += ["rejects: { max_ratio: 100%, path: rejects.ndjson }",
              "sink: { path: out.ndjson, mode: replace, order: keep }", "state: { path: state }"]
    with open(os.path.join(work, "p.yaml"), "w") as f:
        f.write("\n".join(lines) + "\n")
    for name in ("out.ndjson", "rejects.ndjson"):
        if os.path.exists(os.path.join(work, name)):
            os.unlink(os.path.join(work, name))
    code, out, err = limited([Options.weir, "run", "-o", "json", "p.yaml"], work)
    r.code, r.message = code, err.strip().split("\n")[-1][:300]
    try:
        summary = json.loads(out)
        for step in summary["steps"]:
            r.loaded += step["loaded"]
            r.rejected += step["rejected"]
            if step.get("error"):
                r.message = json.dumps(step["error"])[:300]
    except (ValueError, KeyError):
        pass
    out = os.path.join(work, "out.ndjson")
    if code == 0 and os.path.exists(out):
        with open(out, "rb") as f:
            for line in f.read().split(b"\n"):
                if line:
                    r.records.append(json.loads(line, parse_float=exact, object_pairs_hook=pairs))
        if r.records:
            r.columns = list(r.records[0].keys())
    rejects = os.path.join(work, "rejects.ndjson")
    if os.path.exists(rejects):
        with open(rejects, "rb") as f:
            for line in f:
                r.reasons.append(json.loads(line).get("reason", ""))
    return r


def options_of(text):
    """Lines such as `delimiter: ";"` as a map."""
    options = {}
    for line in text.split("\n"):
        key, _, value = line.partition(":")
        value = value.strip()
        if not key.strip() or not value:
            continue
        try:
            options[key.strip()] = json.loads(value)
        except ValueError:
            quoted = len(value) > 1 and value[0] == "'" == value[-1]
            options[key.strip()] = value[1:-1].replace("''", "'") if quoted else value
    return options


def infer_dialect(path, work, *extra):
    """What weir says of the file: a map of options, and the names of the columns."""
    code, out, _ = limited([Options.weir, "infer", "-o", "json", path] + list(extra), work)
    if code != 0:
        return None, []
    try:
        found = json.loads(out)
    except ValueError:
        return None, []
    return options_of(found.get("dialect") or ""), [c.get("from") or c["name"] for c in found.get("columns", [])]


# ---- JSON ------------------------------------------------------------------------------------


def exact(text):
    """A number with all its digits; the text itself where no Decimal holds it."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


def python_json(data):
    """The records of a JSON text as Python reads it: elements of an array, or values in a row."""
    text = data.decode("utf-8-sig")
    if text.startswith("\x1e"):
        text = text.replace("\x1e", " ")

    def constant(word):
        raise ValueError(word)

    decoder = json.JSONDecoder(parse_float=exact, parse_int=lambda s: Decimal(s) if s == "-0" else int(s),
                               object_pairs_hook=pairs, parse_constant=constant)
    values, at = [], 0
    space = re.compile(r"[ \t\r\n]*")
    at = space.match(text, 0).end()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        at = space.match(text, at).end()
    if len(values) == 1 and isinstance(values[0], list):
        return values[0]
    return values


def by_value(number):
    """Digits without needless zeros, and the exponent: the same for 10, 10.0 and 1e1."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    short = text.rstrip("0")
    return (sign, short, exponent + len(text) - len(short)) if short else (0, "", 0)


def plain(value):
    """A value in the form in which two readers are compared: no null members, numbers by value."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, Decimal)):
        return ("number", by_value(Decimal(value)))
    if isinstance(value, list):
        return [plain(v) for v in value]
    return {k: plain(v) for k, v in value.items() if v is not None}


def same_json(wanted, got):
    """Whether got is wanted; a member that is JSON text stands for its value."""
    if wanted == got:
        return True
    if isinstance(got, str) and not isinstance(wanted, str):
        try:
            inner = plain(json.loads(got, parse_float=exact, object_pairs_hook=pairs))
        except ValueError:
            return False
        return inner == wanted or same_json(wanted, inner)
    if isinstance(wanted, dict) and isinstance(got, dict):
        return all(same_json(wanted.get(k), got.get(k)) for k in set(wanted) | set(got))
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(same_json(a, b) for a, b in zip(wanted, got))
    return False


def open_bytes(path, member=None):
    with open(path, "rb") as f:
        data = f.read()
    if member:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(member)
    for magic, unpack in ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress),
                          (b"\xfd7zXZ\0", lzma.decompress)):
        if data.startswith(magic):
            data = unpack(data)
    return data


def members(path):
    """The files in a zip archive; none when it is none, or has names that climb out of it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if not n.endswith("/") and not n.startswith("__MACOSX/")]
    except (zipfile.BadZipFile, OSError):
        return []
    return [] if any(".." in n.split("/") for n in names) else names


def judge_json(path, name, fact, work):
    base = os.path.basename(path)
    r = run(path, work, "full")
    refused = r.code in (1, 3) and bool(r.message)
    if r.code < 0 or r.code > 4:
        return "differs", "exit code %d: %s" % (r.code, r.message)
    if "JSONTestSuite" in name and base.startswith("i_"):
        return "truth", "either way: " + (r.message or "%d loaded" % r.loaded)
    must_fail = (("JSONTestSuite" in name and base.startswith("n_")) or
                 ("jsonchecker" in name and base.startswith("fail")))
    if must_fail:
        if refused or (r.rejected and not r.loaded):
            return "truth", "refused"
        if r.rejected:
            return "truth", "%d loaded, %d rejected" % (r.loaded, r.rejected)
        return "differs", "must be refused, %d loaded" % r.loaded
    try:
        wanted = python_json(open_bytes(path))
    except (ValueError, RecursionError, OSError, EOFError) as e:
        wanted = None
        why = str(e)
    if wanted is None:
        if refused:
            return "refused", r.message
        if r.rejected:
            return "refused", "%d loaded, %d rejected: %s" % (r.loaded, r.rejected, r.reasons[:1])
        if fact.get("oracle_status") == "ok" and fact["rows"] == str(r.loaded):
            return "reader", "DuckDB reads %s rows, too" % fact["rows"]
        return "differs", "Python: %s; weir loads %d" % (why, r.loaded)
    objects = [w for w in wanted if isinstance(w, dict)]
    if len(objects) != len(wanted):  # values that are no objects: how they are told from records
        other = [plain(w) for w in wanted]
        got = [plain(x) for x in r.records]
        if r.code == 0 and len(got) == len(other) and all(
                same_json(a, b) or (isinstance(b, dict) and len(b) == 1 and same_json(a, list(b.values())[0]))
                or (isinstance(b, dict) and not b and a is None)
                for a, b in zip(other, got)):
            return ("truth" if "JSONTestSuite" in name or "jsonchecker" in name else "values"), "one column"
        if not wanted and r.code in (0, 1):
            return "values", "no record"
        return "differs", "%d values that are no objects; weir: code %d, %d loaded, %d rejected: %s" % (
            len(wanted) - len(objects), r.code, r.loaded, r.rejected, r.message or r.reasons[:1])
    if r.code != 0:
        if not objects or not any(objects):
            return "values", "no record has a column: %s" % r.message
        return "differs", "refused: %s" % r.message
    if r.rejected:
        return "differs", "%d rejected of %d: %s" % (r.rejected, len(objects), r.reasons[:1])
    if len(r.records) != len(objects):
        return "differs", "%d records, Python %d" % (len(r.records), len(objects))
    for i, (a, b) in enumerate(zip(objects, r.records)):
        if not same_json(plain(a), plain(b)):
            pa, pb = plain(a), plain(b)
            bad = [k for k in sorted(set(pa) | set(pb)) if not same_json(pa.get(k), pb.get(k))]
            return "differs", "record %d: %s: %r, Python %r" % (i, bad[:1], str(pb.get(bad[0]))[:60], str(pa.get(bad[0]))[:60])
    truth = ("JSONTestSuite" in name and base[:2] in ("y_", "i_")) or "jsonchecker" in name
    return ("truth" if truth else "values"), "%d records" % len(objects)


# ---- CSV -------------------------------------------------------------------------------------


def cell(value):
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def rows_of(r):
    return [[cell(v) for v in record.values()] for record in r.records]


def text_of(path, dialect, member=None):
    data = open_bytes(path, member)
    encoding = (dialect or {}).get("encoding")
    for bom, codec in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(bom):
            return data.decode(codec, "replace")
    return data.decode(encoding or "utf-8", "replace")


def python_rows(path, dialect, member=None):
    """The records as Python's csv reads them under a dialect that weir states."""
    text = text_of(path, dialect, member)
    quote = dialect.get("quote", '"')
    escape = dialect.get("escape")
    usual = "\t" if re.search(r"\.(tsv|tab)(\.|$)", path) else ","
    kind = dict(delimiter=dialect.get("delimiter", usual), strict=False)
    if quote in ("", "none", None):
        kind["quoting"] = csv.QUOTE_NONE
    else:
        kind["quotechar"] = quote
    if escape == "\\" or escape == "backslash":
        kind["escapechar"], kind["doublequote"] = "\\", False
    rows = list(csv.reader(io.StringIO(text, newline=""), **kind))
    comment = dialect.get("comment")
    several = any(len(row) > 1 for row in rows)
    if not several:  # an empty line is a record of one empty field
        rows = [row or [""] for row in rows]
    return [row for row in rows if row and not (comment and row[0].lstrip().startswith(comment))
            and not (several and len(row) == 1 and not row[0].strip())]


def compare_dialect(path, dialect, texts, rejected, member=None):
    """weir's records, all as text, are the last ones of Python's: what stands in front of them is
    head, what stands behind is foot, as far as the dialect says so.  Rejects are the records that
    have another number of fields in Python, too, or are no UTF-8."""
    try:
        rows = python_rows(path, dialect, member)
    except (csv.Error, UnicodeError, TypeError, LookupError) as e:
        return "Python: %s" % e
    width = len(texts[0]) if texts else 0
    if rejected:
        if dialect.get("ragged") in ("pad", "fit"):
            rows = [row + [""] * (width - len(row)) for row in rows]
        good = Counter(map(tuple, rows))
        lost = Counter(map(tuple, texts)) - good
        if lost:
            return "not in Python's: %r" % (list(lost)[0],)
        odd = [row for row in rows if len(row) != width or any("\ufffd" in c for c in row)]
        return "" if len(odd) >= rejected else "%d of Python's records have %d fields" % (
            len(rows) - len(odd), width)
    rows = [row + [""] * (width - len(row)) for row in rows]
    null = set(dialect.get("null") or [])
    head = len(rows) - len(texts) - int(dialect.get("skip_footer") or 0)
    if head < 0:
        return "Python has %d records" % len(rows)
    for i, row in enumerate(texts):
        want = rows[head + i]
        if [("" if w in null else w) for w in want[:width]] != row or any(want[width:]):
            return "record %d: %r, Python %r" % (i, row[:6], want[:6])
    return ""


def known_invalid(name):
    """The corpus's own README or the file's name says so.  What fuzzers made is not known to be."""
    return re.search(r"/(rejects|error)/|/(bad|invalid|defective|error|unescaped_quotes)[^/]*", name)


def expected_csv(path):
    """The records that stand beside csv-spectrum and csv-test-data."""
    folder, base = os.path.split(path)
    beside = os.path.join(os.path.dirname(folder), "json", base[:-4] + ".json")
    if not os.path.exists(beside):
        return None
    with open(beside, "rb") as f:
        return json.loads(f.read().decode("utf-8"), object_pairs_hook=pairs)


def judge_csv(path, name, fact, work):
    base = os.path.basename(path)
    truth = expected_csv(path) if "/csv/" in path else None
    extra = []
    if truth is not None and "csv-test-data" in name:
        extra = ["header: %s" % ("true" if base.startswith("header-") else "false")]
    r = run(path, work, "none", extra)
    if r.code < 0 or r.code > 4:
        return "differs", "exit code %d: %s" % (r.code, r.message)
    refused = r.code in (1, 3) and bool(r.message)
    if "csv-test-data" in name and base.startswith("bad-"):
        return ("truth", "refused") if refused or r.rejected else ("differs", "must be refused")
    if truth is not None:
        wanted = [list(t.values()) if isinstance(t, dict) else t for t in truth]
        got = rows_of(r)
        if wanted == got and not r.rejected:
            return "truth", "%d records" % len(wanted)
        if not wanted and refused:
            return "truth", r.message
        return "differs", "wanted %r, got %r %s" % (wanted[:2], got[:2], r.message)
    ok = fact.get("oracle_status") == "ok"
    rows, columns = r.loaded, len(r.columns)
    py = fact.get("py_csv_records", "-")
    if r.code == 0 and ok and not r.rejected and fact["rows"] == str(rows) and (
            fact["columns"] == str(columns) or rows == 0):
        return "reader", "DuckDB"
    if r.code == 0 and py.isdigit() and not r.rejected and fact["py_csv_max_fields"] == str(columns) and rows in (
            int(py), int(py) - 1) and (columns > 1 or not ok):
        return "reader", "Python"
    if refused:
        if not ok or known_invalid(name):
            return "refused", r.message
        if fact["rows"] == "0" or os.path.getsize(path) == 0:
            return "reader", "no record: %s" % r.message
        return "differs", "refused: %s" % r.message
    if r.code == 0 and not ok and r.rejected * 20 > r.loaded + r.rejected:
        return "refused", "%d loaded, %d rejected: above the limit nothing is committed" % (r.loaded, r.rejected)
    dialect, _ = infer_dialect(path, work)
    if dialect is not None and r.code == 0:
        why = compare_dialect(path, dialect, rows_of(r), r.rejected)
        told = " ".join("%s=%s" % (k, json.dumps(v, ensure_ascii=False)) for k, v in dialect.items()) or "the default"
        if not why:
            return "dialect", told + (", %d ragged" % r.rejected if r.rejected else "")
        if r.rejected and known_invalid(name):
            return "refused", "%d rejected: %s" % (r.rejected, r.reasons[:1])
    else:
        why = "no dialect"
        told = ""
    return "differs", "%d x %d, %d rejected; DuckDB %s x %s, Python %s (%s-%s); %s %s %s" % (
        rows, columns, r.rejected, fact["rows"], fact["columns"], py, fact["py_csv_min_fields"],
        fact["py_csv_max_fields"], told, why, r.reasons[:1])


# ---- the rest --------------------------------------------------------------------------------


def compare_text(data, r):
    """Lines, as they stand in the file."""
    lines = [re.sub("\r$", "", l) for l in re.split("\n|\r(?!\n)", data.decode("utf-8"))]
    got = [list(record.values()) for record in r.records]
    return "" if got == [[l] for l in lines if l] else "lines: %r" % got[:2]


def judge_packed(path, work):
    """A packed file is what was packed, as Python unpacks and reads it.  Of an archive with several
    files none is read before one is named; then each that is a table is."""
    files = members(path)
    if len(files) > 1:
        r = run(path, work, "none")
        if r.code == 0 or "zip archive of %d files" % len(files) not in r.message:
            return "differs", "must ask which file is meant: " + r.message
    tables = [f for f in files if f.endswith(".csv")] if len(files) > 1 else files or [None]
    for member in tables:
        extra = ["member: " + json.dumps(member)] if member else []
        r = run(path, work, "none", extra)
        if r.code != 0:
            return "differs", "%s refused: %s" % (member or "", r.message)
        inner = member or path
        if re.search(r"\.txt(\.|$)", inner):
            why = compare_text(open_bytes(path, member), r)
        else:
            dialect, _ = infer_dialect(path, work, *(["--set", "member=" + member] if member else []))
            why = "no dialect" if dialect is None else compare_dialect(
                path, dialect, rows_of(r), r.rejected, member)
        if why:
            return "differs", "%s %s" % (member or "", why)
    return "dialect", "as unpacked" if len(tables) == 1 else "each of %d, when it is named" % len(tables)


def judge_other(path, name, fact, work):
    """No reader knows the file: it must be read or refused with a message, nothing else."""
    if name.startswith("csv/") and (members(path) or re.search(r"\.(bz2|xz)$", path)):
        return judge_packed(path, work)
    r = run(path, work, "full")
    if r.code < 0 or r.code > 4:
        return "differs", "exit code %d: %s" % (r.code, r.message)
    if name.startswith("archives/") or "snappy-bad" in name:
        return ("refused", r.message) if r.code != 0 and r.message else ("differs", "read as data")
    if r.code != 0:
        return ("refused" if "decompression-errors" in name else "differs"), "refused: " + r.message
    return "values", "%d loaded, %d rejected" % (r.loaded, r.rejected)


def judge(name):
    path = os.path.join(Options.corpus, name)
    fact = Options.facts.get(name, {})
    with tempfile.TemporaryDirectory() as work:
        try:
            if fact.get("kind") == "csv":
                verdict, detail = judge_csv(path, name, fact, work)
            elif fact.get("kind") == "json" or (name.startswith("json/") and name.endswith(".json")):
                verdict, detail = judge_json(path, name, fact, work)
            else:
                verdict, detail = judge_other(path, name, fact, work)
        except Exception as e:  # a fault of this script must not look like a result
            verdict, detail = "differs", "agree.py: %s: %s" % (type(e).__name__, e)
    if verdict == "differs" and name in Options.decided:
        verdict, detail = "decided", Options.decided[name]
    return name, verdict, re.sub(r"\s+", " ", detail)


def table(results):
    groups = OrderedDict()
    for name, verdict, _ in results:
        key = "/".join(name.split("/")[:2])
        groups.setdefault(key, Counter())[verdict] += 1
    head = ["folder", "files"] + VERDICTS + ["agree"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    total = Counter()
    for key, counts in sorted(groups.items()) + [("all", None)]:
        counts = counts if counts is not None else total
        files = sum(counts.values())
        share = 100.0 * (files - counts["differs"]) / files if files else 100.0
        lines.append("| %s | %d | " % (key, files) + " | ".join(
            str(counts[v]) if counts[v] else "" for v in VERDICTS) + " | %.1f %% |" % share)
        if counts is not total:
            total += counts
    return "\n".join(lines) + "\n"


def load(corpus):
    with open(os.path.join(corpus, "FACTS.tsv"), encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            Options.facts[row["path"]] = row
    with open(os.path.join(HERE, "decided.tsv"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, why = line.rstrip("\n").split("\t", 1)
                Options.decided[name] = why


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", default=os.environ.get("WEIR", os.path.join(HERE, "../../build/weir")))
    parser.add_argument("--corpus", default=os.environ.get("WEIR_CORPUS", os.path.join(HERE, "../../../shared/corpus")))
    parser.add_argument("--detail", help="one line a file: name, verdict, why")
    parser.add_argument("--table", help="the table as Markdown")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("JOBS", "2")))
    parser.add_argument("folders", nargs="*")
    args = parser.parse_args()
    Options.weir, Options.corpus = os.path.realpath(args.weir), os.path.realpath(args.corpus)
    load(Options.corpus)
    names = []
    for folder in args.folders or FOLDERS:
        top = os.path.join(Options.corpus, folder)
        if os.path.isfile(top):
            names.append(folder)
        for base, _, files in os.walk(top):
            names += [os.path.relpath(os.path.join(base, f), Options.corpus) for f in files]
    # the expected records are no input of their own when they stand beside their CSV
    names = sorted(n for n in names if not re.match(r"csv/csv-(spectrum|test-data)/json/", n))
    with ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(judge, names))
    if args.detail:
        with open(args.detail, "w") as f:
            for line in results:
                f.write("\t".join(line) + "\n")
    for name, verdict, detail in results:
        print(("not ok %s: %s" if verdict == "differs" else "ok %s: " + verdict + ": %s") % (name, detail))
    text = table(results)
    print(text, end="")
    if args.table:
        with open(args.table, "w") as f:
            f.write(text)


if __name__ == "__main__":
    main()
