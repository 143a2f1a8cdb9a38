#!/bin/bash
# The same question to weir and to another program: functions.py asks DuckDB about the functions that
# both have under one name.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WEIR_ROOT:=$(cd "$here/../.." && pwd)}" "${WEIR:=$WEIR_ROOT/build/weir}"
export LC_ALL=C.UTF-8 TZ=UTC
if ! command -v python3 >/dev/null; then
    echo "not ok functions: there is no python3; tools/deps test installs it"
    exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
python3 "$here/functions.py" "$WEIR" "$work"
