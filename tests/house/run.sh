#!/bin/bash
# The rules of the house that need no other tool than a shell: who includes whom, sizes, folder
# descriptions, links in the documents, scripts that parse.  tools/lint has the slow ones.
set -u
cd "$WEIR_ROOT" || exit 1
check() { # check NAME COMMAND...: the command's output is the reason
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then
        echo "ok $name"
    else
        echo "not ok $name: $(head -n 1 <<<"$out")"
        echo "$out"
    fi
}
check "include graph" tools/include-graph
check "include graph finds what is wrong" tools/include-graph --self-test
check "sizes, folder pages, banned functions" tools/house-rules
check "house rules find what is wrong" tools/house-rules --self-test
check "links in the documents" tools/check-links
check "shell scripts parse" tools/check-shell
if [ -f docs/reference.md ]; then
    check "the reference is what the program says" tools/docs --check
    manual() { local out; out=$(groff -man -ww -Tutf8 -z man/weir.1 2>&1) && [ -z "$out" ] || { echo "$out"; return 1; }; }
    if command -v groff >/dev/null; then
        check "the manual page reads without a warning" manual
    else
        echo "skip the manual page reads without a warning: groff is not installed"
    fi
fi
check "dependency table" tools/deps --list build test lint fuzz bench dist fresh-root system
