#!/bin/bash
# The files from the wild: what weir makes of each, against its ground truth and its readers.
#
#   tests/corpus/run.sh [--table] [FOLDER...]      --table writes docs/corpus.md anew
#
# agree.py has the verdicts, decided.tsv what a specification decides, differs.tsv the differences
# that are known; one that is not listed there, and a listed one that is none, are failures.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WEIR_ROOT:=$(cd "$here/../.." && pwd)}" "${WEIR:=$WEIR_ROOT/build/weir}"
: "${WEIR_CORPUS:=$WEIR_ROOT/../shared/corpus}"
export WEIR WEIR_CORPUS LC_ALL=C.UTF-8 TZ=UTC
table=
[ "${1-}" = --table ] && table=$WEIR_ROOT/docs/corpus.md && shift
if [ ! -f "$WEIR_CORPUS/FACTS.tsv" ]; then
    echo "skip corpus: no corpus"
    exit 0
fi
if ! command -v python3 >/dev/null; then
    echo "not ok corpus: there is no python3; tools/deps test installs it"
    exit 1
fi
if [ -z "${TMPDIR-}" ] && [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
python3 "$here/agree.py" --detail "$work/detail" --table "$work/table" "$@" >"$work/out" || {
    tail -n 5 "$work/out"
    echo "not ok corpus: agree.py ended with an error"
    exit 1
}
awk -F'\t' -v known="$here/differs.tsv" '
    BEGIN { while ((getline line < known) > 0) if (line !~ /^#/ && split(line, part, "\t") > 1) listed[part[1]] = part[2] }
    $2 != "differs" && ($1 in listed) { print "not ok " $1 ": stands in differs.tsv, but is " $2; next }
    $2 != "differs" || ($1 in listed) { print "ok " $1 ": " $2; next }
    { print "not ok " $1 ": " $3 }' "$work/detail"
cat "$work/table"
if [ -n "$table" ]; then
    { sed '/^| folder/,$d' "$table"; cat "$work/table"; } >"$work/page" && cp "$work/page" "$table"
fi
