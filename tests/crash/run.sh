#!/bin/bash
# Kills runs and compares what is left, after the next runs, with an undisturbed one: values of the
# target, rejects, state (but for run ids, times and the record of interrupted runs).
#
#   - at every named commit point, the recovery once at every point, too;
#   - at random instants, the recovery, too: CRASH_RANDOM of them (default 30, soak 500);
#   - with a full disk: a clean error, the old target whole, and the run after making room completes.
#
# CRASH_SEED repeats the instants of an earlier run, CRASH_CASES chooses cases, CRASH_ONLY=named |
# random | disk chooses a part.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WEIR_ROOT:=$(cd "$here/../.." && pwd)}" "${WEIR:=$WEIR_ROOT/build/weir}" "${JOBS:=2}"
export LC_ALL=C.UTF-8 TZ=UTC WEIR
. "$here/cases.sh"
. "$here/trial.sh"
points="run-begun after-begin before-prepare after-prepare after-intent after-decision file-publish file-remove
    between-sinks after-sink-commit after-committed after-rejects after-done before-run-end"
case ${WEIR_TEST_LEVEL:-short} in soak) random=500 ;; *) random=30 ;; esac
random=${CRASH_RANDOM:-$random}
cases=${CRASH_CASES:-$cases}
only=${CRASH_ONLY:-named random disk}

# A killed process leaves its writes to the kernel, so memory serves as well as a disk, and faster.
if [ -z "${work-}" ]; then
    if [ -d /dev/shm ] && [ -w /dev/shm ]; then
        work=$(mktemp -d -p /dev/shm) || exit 1
    else
        work=$(mktemp -d) || exit 1
    fi
    trap 'rm -rf "$work"' EXIT
    export work
    # A copy: a build that goes on meanwhile does not change what is tested.
    cp "$WEIR" "$work/weir" && WEIR=$work/weir
fi

# ---- named points ---------------------------------------------------------------------------------

# Kills at point $2, then the recovery at each point.
named() {
    local name=$1 point=$2 dir=$work/$1-${2/:/-} again code why tried=0 reached=0
    cp -a "$work/$name.begin" "$dir"
    (cd "$dir" && run_weir WEIR_KILL_AT="$point")
    code=$?
    if [ $code = 0 ]; then
        # The point is not on this case's way: then the run is an undisturbed one.
        compare "$name/$point" "$dir" "$work/$name.want" && echo "ok $name/$point: not passed"
        rm -rf "$dir"
        return
    elif [ $code != 137 ]; then
        echo "not ok $name/$point: exit code $code instead of a kill"
        tail -n 5 "$dir/log"
        return
    fi
    # Each trial stands in the very same folder: what is stored are absolute paths.
    mv "$dir" "$dir.killed"
    for again in none $points; do
        cp -a "$dir.killed" "$dir"
        code=137
        if [ $again != none ]; then
            (cd "$dir" && run_weir WEIR_KILL_AT=$again)
            code=$?
            if [ $code != 0 ] && [ $code != 137 ]; then
                echo "not ok $name/$point, recovery killed at $again: exit code $code"
                tail -n 5 "$dir/log"
                return
            fi
            [ $code = 137 ] && reached=$((reached + 1))
        fi
        # Where the point is not on the recovery's way, that run was the one that completes.
        why=
        [ $code = 0 ] || why=$(cd "$dir" && run_to_the_end)
        if [ -n "$why" ]; then
            echo "not ok $name/$point, recovery killed at $again: $why"
            return
        fi
        compare "$name/$point, recovery killed at $again" "$dir" "$work/$name.want" || return
        tried=$((tried + 1))
        rm -rf "$dir"
    done
    echo "ok $name/$point: and $reached of $((tried - 1)) recoveries killed"
    rm -rf "$dir" "$dir.killed"
}

# ---- random instants ------------------------------------------------------------------------------

milliseconds() { date +%s%3N; }

# kill_after SECONDS: one run, killed; 0 = it had ended.
kill_after() {
    "$WEIR" $(cat verb 2>/dev/null || echo run) pipeline.yaml -q >>log 2>&1 &
    local pid=$! code
    sleep "$1"
    kill -KILL $pid 2>/dev/null
    { wait $pid; } 2>/dev/null
    code=$?
    echo "killed after $1 s: $code" >>log
    [ $code = 137 ]
}

# Whether the state has the run as complete: the kill came behind its end, and another run would be
# one more.
completed() {
    local now before
    [ -f .weir/state.db ] || return
    now=$(runs_well)
    before=$(cat begun_ok)
    [ "${now:-0}" -gt "${before:-0}" ]
}
runs_well() { sqlite3 .weir/state.db "select count(*) from runs where status = 'ok'" 2>/dev/null; }

random_kill() { # CASE NUMBER FIRST SECOND
    local name=$1 trial=$work/$1-r$2 why hits=0
    cp -a "$work/$name.large" "$trial"
    cd "$trial" || return
    kill_after "$3" && hits=1
    completed || { kill_after "$4" && hits=$((hits + 1)); }
    why=
    completed || why=$(run_to_the_end)
    cd "$work" || return
    if [ -n "$why" ]; then
        echo "not ok $name killed after $3 s and $4 s: $why"
    elif compare "$name killed after $3 s and $4 s" "$trial" "$work/$name.large.want"; then
        echo "ok $name killed after $3 s and $4 s: $hits hit"
    fi
    rm -rf "$trial"
}

if [ "${1-}" = --named ]; then
    named "${2%/*}" "${2#*/}"
    exit
elif [ "${1-}" = --random ]; then
    IFS=/ read -r name number first second <<<"$2"
    random_kill "$name" "$number" "$first" "$second"
    exit
fi

undisturbed() { # CASE ROWS NAME: lays out and runs once
    local dir=$work/$3.clean
    mkdir "$work/$3.begin" || return
    (cd "$work/$3.begin" && lay_out "$1" "$2") || { echo "not ok $1: cannot be laid out"; return 1; }
    cp -a "$work/$3.begin" "$dir"
    if ! (cd "$dir" && run_weir); then
        echo "not ok $1: the undisturbed run fails"
        cat "$dir/log"
        return 1
    fi
    (cd "$dir" && show >"$work/$3.want" 2>&1)
}

# ---- all ------------------------------------------------------------------------------------------

case " $only " in *" named "*)
    jobs=()
    for name in $cases; do
        undisturbed "$name" 60 "$name" || continue
        for point in $points file-publish:2; do jobs+=("$name/$point"); done
    done
    printf '%s\n' "${jobs[@]}" | xargs -n 1 -P "$JOBS" "$here/run.sh" --named
    ;;
esac

case " $only " in *" random "*)
    seed=${CRASH_SEED:-$(date +%N | sed 's/^0*//')}
    echo "CRASH_SEED=$seed"
    # The instants lie in the time that a run takes here and now, beginning to end.
    for name in $cases; do
        undisturbed "$name" 40000 "$name.big" || continue
        mv "$work/$name.big.begin" "$work/$name.large"
        mv "$work/$name.big.want" "$work/$name.large.want"
        (cd "$work/$name.large" && runs_well >begun_ok)
        cp -a "$work/$name.large" "$work/$name.timed"
        begun=$(milliseconds)
        (cd "$work/$name.timed" && run_weir)
        echo "$name $(($(milliseconds) - begun))" >>"$work/durations"
        rm -rf "$work/$name.timed" "$work/$name.big.clean"
    done
    awk -v n="$random" -v seed="$seed" '
        { name[NR] = $1; ms[NR] = $2 }
        END {
            srand(seed)
            for (i = 0; i < n; i++) {
                c = i % NR + 1
                # an even spread with a random place in each part
                part = (int(i / NR) + rand()) / int((n + NR - 1) / NR)
                printf "%s/%d/%.3f/%.3f\n", name[c], i, ms[c] / 1000 * part, ms[c] / 1000 * rand()
            }
        }' "$work/durations" >"$work/instants"
    # One at a time: the durations were measured so.
    xargs -n 1 "$here/run.sh" --random <"$work/instants"
    ;;
esac

case " $only " in *" disk "*) "$here/full_disk.sh" ;; esac
