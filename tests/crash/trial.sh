# One run after another, and the comparison at the end.  Sourced by run.sh and full_disk.sh.

# run_weir [VARIABLE=VALUE...]: one run; the exit code, 99 when it hung.
run_weir() {
    local code
    env "$@" timeout --kill-after=2 60 "$WEIR" $(cat verb 2>/dev/null || echo run) pipeline.yaml -q >>"${log:-log}" 2>&1 &
    { wait $!; } 2>/dev/null # the shell's word on a kill
    code=$?
    echo "run ($*): $code" >>"${log:-log}"
    [ $code = 124 ] && return 99
    return $code
}

# Runs until one ends well, three times at most; what went wrong is the output.
run_to_the_end() {
    local code=0 try
    for try in 1 2 3; do
        run_weir
        code=$?
        [ $code = 0 ] && return
    done
    echo "no run completes: exit code $code: $(grep -v '^run (' "${log:-log}" | tail -n 1)"
}

# compare NAME TRIAL WANT: reports.
compare() {
    local why
    if ! why=$(cd "$2" && show 2>&1 | diff "$3" -); then
        echo "not ok $1: differs from an undisturbed run: $(grep -m 1 '^[<>]' <<<"$why")"
        head -n 20 <<<"$why"
        tail -n 12 "${log:-$2/log}"
        return 1
    fi
    return 0
}
