#!/bin/bash
# The cmocka programs, through ctest; one line for each test inside them.
set -u
if ! ls "$WEIR_BUILD"/tests/unit/*/test_* >/dev/null 2>&1; then
    echo "not ok unit: no test program in $WEIR_BUILD/tests/unit (is libcmocka-dev installed?)"
    exit 1
fi
# The sanitized builds are slower; the time limits of ctest fit the slowest of them.
ctest --test-dir "$WEIR_BUILD" --tests-regex '^unit/' --parallel "$JOBS" --quiet >/dev/null 2>&1
awk '
    # Ends a program: what ctest says of it decides when the program did not get to its own end.
    function finish(   lost) {
        if (name == "") return
        if (!over || (verdict != "Passed" && !bad)) {
            print "not ok " name ": " (test != "" ? "died in " test : "ended early") " (" verdict ")"
            printf "%s", output
        } else if (bad) printf "%s", output
        name = ""
    }
    /^[0-9]+\/[0-9]+ Test: / {
        finish()
        name = $0; sub(/^[0-9]+\/[0-9]+ Test: /, "", name)
        over = bad = closed = 0; test = output = reason = ""; verdict = "no result"; next
    }
    /^<end of output>/ { closed = 1; next }
    name == "" { next }
    /^Test Passed\./ { verdict = "Passed"; next }
    /^Test (Failed|timed out|time-out)/ || /^Exception/ { verdict = $0; next }
    closed { next }
    { output = output "    " $0 "\n" }
    over { next }
    /^skipped: / { reason = substr($0, 10) }
    /^\[ RUN      \] / { test = substr($0, 14); reason = "" }
    /^\[       OK \] / { print "ok " name ": " substr($0, 14); test = "" }
    /^\[  FAILED  \] / { print "not ok " name ": " substr($0, 14); bad = 1; test = "" }
    /^\[  SKIPPED \] / { print "skip " name "/" substr($0, 14) (reason != "" ? ": " reason : ""); test = "" }
    /^\[==========\] .*run\.$/ { over = 1 }
    END { finish() }
' "$WEIR_BUILD/Testing/Temporary/LastTest.log"
