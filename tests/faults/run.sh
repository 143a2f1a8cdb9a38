#!/bin/bash
# Fails the n-th allocation, read, write, fsync, rename and open of small loads, one in each run.
# SQLite's own files and allocations (kind sqlite) are reached, too.  After each fault:
#
#   - no signal, no finding of a sanitizer, no hang; the exit code is a documented one;
#   - a failure is said in one line on stderr that names memory, or the file concerned;
#   - each file and table of the target is the old one or the new one;
#   - the next run without a fault completes, and target, rejects and state are those of a run that
#     was not disturbed, with no temporary file left over;
#   - when the run says that it went well, all that holds at once.
#
# The short level tries all n of every kind with the case `tiny` (but for SQLite's allocations), and
# evenly spread ones with the others; soak tries all n of everything.
#
# FAULT_CASES and FAULT_KINDS choose, FAULT_STEP=n sets the distance for all kinds, FAULT_ONLY=
# CASE/KIND/N runs a single one and shows it.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WEIR_ROOT:=$(cd "$here/../.." && pwd)}" "${WEIR:=$WEIR_ROOT/build/weir}" "${JOBS:=2}"
export LC_ALL=C.UTF-8 TZ=UTC WEIR
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99:detect_stack_use_after_return=1:strict_string_checks=1}
shopt -s globstar dotglob nullglob
. "$here/cases.sh"
cases=${FAULT_CASES:-$cases}
kinds=${FAULT_KINDS:-malloc read write write:ENOSPC fsync rename open sqlite}
# A sanitizer's program takes four times as long.
slow=1
grep -q __asan_init "$WEIR" && slow=2
[ -z "${FAULT_ONLY-}" ] || IFS=/ read -r cases kinds only <<<"$FAULT_ONLY"

# The folder of a trial, $lane/now, is always the same: what the state stores are absolute paths.

# prepare CASE: lays it out, runs it undisturbed; fills the lane's CASE.* and the events of each kind.
prepare() {
    local name=$1 base=$lane/$1
    rm -rf "$lane/now" && mkdir "$lane/now" && cd "$lane/now" || return
    lay_out "$name" || { echo "not ok $name: cannot be laid out"; return 1; }
    show_target >"$base.old" 2>&1
    cp -a . "$base.begin"
    : >"$lane/fault.log"
    WEIR_FAULT_LOG=$lane/fault.log timeout 20 "$WEIR" "${command[@]}" >"$base.stdout" 2>"$base.stderr"
    echo $? >"$base.code"
    case $name/$(<"$base.code") in
    */0 | check_wrong/2 | inline_tests/1) ;;
    *)
        echo "not ok $name: the undisturbed run ends with $(<"$base.code"): $(<"$base.stderr")"
        return 1
        ;;
    esac
    cp "$lane/fault.log" "$base.passed"
    show_target >"$base.new" 2>&1
    show >"$base.want" 2>&1
}

# passed CASE KIND: the events of that kind in the undisturbed run.
passed() {
    local line
    line=$(<"$lane/$1.passed")
    line=" $line "
    line=${line#* "${2%%:*}":}
    echo "${line%% *}"
}

# slurp VARIABLE FILE: its text without the last line end; no process, unlike $(<FILE).
slurp() {
    local text
    IFS= read -r -d '' text <"$2"
    printf -v "$1" %s "${text%$'\n'}"
}

# fault KIND N: as the program reads it.
fault() {
    case $1 in *:*) echo "$1@$2" ;; *) echo "$1:$2" ;; esac
}

# whole OLD NEW SHOWN: each file is as it was or as it is to be, and none that was there is gone; the
# database is one of the two.
whole() {
    local line old new shown rows='' db=
    slurp old "$1"
    slurp new "$2"
    slurp shown "$3"
    old=$'\n'$old$'\n' new=$'\n'$new$'\n' shown=$'\n'$shown$'\n'
    while IFS= read -r line; do
        case $line in
        db\|* | *\|* | '') ;;
        *.*) [[ $shown == *" ${line##* }"$'\n'* ]] || { echo "${line##* } is gone"; return 1; } ;;
        esac
    done <"$1"
    while IFS= read -r line; do
        case $line in
        db\|*) db=1 ;;
        *) [[ $old == *$'\n'"$line"$'\n'* || $new == *$'\n'"$line"$'\n'* ]] || { echo "$line"; return 1; } ;;
        esac
    done <"$3"
    [ -z "$db" ] && return 0
    rows=$(grep '^db|' "$3")
    [ "$rows" = "$(grep '^db|' "$1")" ] || [ "$rows" = "$(grep '^db|' "$2")" ] && return 0
    echo "the database is neither the old nor the new one"
    return 1
}

# trial CASE KIND N: `passed` when the fault did not fire, `failed` or `swallowed` when all is well,
# else `BAD why`.
trial() {
    local name=$1 kind=$2 n=$3 base=$lane/$1 code said why want log said_then
    rm -rf "$lane/now" && cp -a "$base.begin" "$lane/now" && cd "$lane/now" || return
    : >"$lane/fault.log"
    WEIR_FAULT_LOG=$lane/fault.log WEIR_FAULT=$(fault "$kind" "$n") \
        timeout --kill-after=2 20 "$WEIR" "${command[@]}" >"$lane/stdout" 2>"$lane/stderr"
    code=$?
    slurp said "$lane/stderr"
    slurp said_then "$base.stderr"
    slurp want "$base.code"
    slurp log "$lane/fault.log"
    case $said in *'runtime error:'* | *Sanitizer*) echo "BAD a sanitizer's finding"; return ;; esac
    case $code in
    124 | 137) echo "BAD it hangs"; return ;;
    0 | 1 | 2 | 3) ;;
    *) echo "BAD exit code $code"; return ;;
    esac
    [[ $log == *"fired ${kind%%:*}:"* ]] || { echo passed; return; }

    if [ $code = "$want" ] && cmp -s "$lane/stdout" "$base.stdout" && [ "$said" = "$said_then" ]; then
        show >"$lane/shown" 2>&1
        if cmp -s "$lane/shown" "$base.want"; then
            echo swallowed
        else
            echo "BAD it ends well, but $(diff "$base.want" "$lane/shown" | grep -m 1 '^[<>]')"
        fi
        return
    fi
    # A failure: 1, or 2 where the file itself could not be read.
    case $code in
    1 | 2) ;;
    *) echo "BAD exit code $code and output unlike that of an undisturbed run: ${said:0:300}"; return ;;
    esac
    [ -n "$said" ] || { echo "BAD fails without a word"; return; }
    # What was found before the fault may be said, too.
    while [[ $said == *$'\n'* && $'\n'$said_then$'\n' == *$'\n'"${said%%$'\n'*}"$'\n'* ]]; do
        said=${said#*$'\n'}
    done
    [[ $said != *$'\n'* ]] || { echo "BAD more than one line: ${said//$'\n'/ // }"; return; }
    case $kind in
    malloc | sqlite) [[ $said == *memory* ]] || { echo "BAD does not say that memory is short: $said"; return; } ;;
    *) [[ $said =~ (/|[a-z]\.)[a-z]|' '(\.|in|out)/?: ]] || { echo "BAD names no file: $said"; return; } ;;
    esac
    [[ $said != *internal* ]] || { echo "BAD an internal error: $said"; return; }
    show_target >"$lane/shown" 2>&1
    why=$(whole "$base.old" "$base.new" "$lane/shown") || { echo "BAD target half written: $why"; return; }

    timeout --kill-after=2 20 "$WEIR" "${command[@]}" >"$lane/stdout" 2>"$lane/stderr.next"
    code=$?
    if [ $code = "$want" ]; then
        cmp -s "$lane/stdout" "$base.stdout" || { echo "BAD the next run has other output; before: $said"; return; }
    elif [ -z "$also_ends" ] || [[ $(<"$lane/stderr.next") != *"$also_ends"* ]]; then
        echo "BAD the next run ends with $code: $(<"$lane/stderr.next"); before: $said"
        return
    fi
    show >"$lane/shown" 2>&1
    if ! cmp -s "$lane/shown" "$base.want"; then
        echo "BAD after the next run $(diff "$base.want" "$lane/shown" | grep -m 1 '^[<>]'); before: $said"
        return
    fi
    echo failed
}

# distance CASE KIND: try each n-th.
distance() {
    if [ -n "${FAULT_STEP-}" ]; then
        echo "$FAULT_STEP"
    elif [ "${WEIR_TEST_LEVEL:-short}" = soak ]; then
        echo 1
    else
        case $1/$2 in
        */sqlite) echo $((499 * slow)) ;;
        tiny/* | */rename) echo 1 ;;
        csv/malloc) echo $((61 * slow)) ;; # many chunks: the same places again and again
        */malloc) echo $((17 * slow)) ;;
        */write:ENOSPC) echo 17 ;; # the places of write
        *) echo $((7 * slow)) ;;
        esac
    fi
}

# One case and kind: all its trials, and the line about them.
case_and_kind() {
    local name=$1 kind=$2 step last n tried=0 failed=0 beyond=0 outcome shown=0
    step=$(distance "$name" "$kind") last=$(passed "$name" "$kind")
    # Another first n for each case: together they come to many places of the code they share.
    n=$((step == 1 ? 1 : ${#name} * 7 % step + 1))
    [ $n -le "$last" ] || n=1
    [ -z "${only-}" ] || n=$only last=$only
    # Threads change the number a little; with all n the loop ends where three do not fire.
    while [ $n -le "$last" ] || { [ $step = 1 ] && [ $beyond -lt 3 ] && [ -z "${only-}" ]; }; do
        outcome=$(trial "$name" "$kind" $n)
        case $outcome in
        passed) [ $n -le "$last" ] || beyond=$((beyond + 1)) ;;
        failed | swallowed)
            tried=$((tried + 1)) beyond=0
            [ "$outcome" = failed ] && failed=$((failed + 1))
            [ -z "${FAULT_TRACE-}" ] || echo "$name/$kind/$n: $outcome: $(head -n 1 "$lane/stderr")"
            ;;
        *)
            tried=$((tried + 1)) shown=$((shown + 1)) beyond=0
            if [ $shown -le "${FAULT_SHOW:-3}" ]; then
                echo "not ok $name/$kind/$n: ${outcome#BAD }"
                head -c 6000 "$lane/stderr"
            fi
            ;;
        esac
        n=$((n + step))
    done
    [ "$last" = 0 ] && return
    if [ $tried = 0 ]; then
        [ $step = 1 ] && echo "not ok $name/$kind: no fault fired"
        return
    fi
    [ $shown -gt "${FAULT_SHOW:-3}" ] && echo "not ok $name/$kind: $shown of $tried n are bad"
    [ $shown = 0 ] || return
    local which=all
    [ $step = 1 ] || which="each ${step}th of $last"
    echo "ok $name/$kind: $tried n tried ($which), $failed failed, $((tried - failed)) borne"
}

# A lane: one process with a folder of its own; it takes what no other has taken.
if [ "${1-}" = --lane ]; then
    lane=$work/lane$2 prepared= broken=
    mkdir "$lane" || exit 1
    for name in $cases; do
        for kind in $kinds; do
            [ "$broken" != "$name" ] && mkdir "$work/taken/$name.$kind" 2>/dev/null || continue
            [ "$prepared" = "$name" ] || prepare "$name" || { broken=$name; continue; }
            prepared=$name
            case_and_kind "$name" "$kind"
        done
    done
    exit
fi

# Nothing here outlives the program, so memory serves as well as a disk, and faster.
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    work=$(mktemp -d -p /dev/shm) || exit 1
else
    work=$(mktemp -d) || exit 1
fi
trap 'rm -rf "$work"' EXIT
mkdir "$work/taken" || exit 1
# A copy: a build that goes on meanwhile does not change what is tested.
cp "$WEIR" "$work/weir" && export work WEIR=$work/weir
if [ -n "${only-}" ]; then
    lane=$work/lane
    mkdir "$lane" && FAULT_TRACE=1 && prepare "$cases" && case_and_kind "$cases" "$kinds"
    exit
fi
seq "$JOBS" | xargs -P "$JOBS" -n 1 "$here/run.sh" --lane
