#!/bin/bash
# Part of run.sh: the disk is full at different places of a run.  Wanted: a clean error that says so,
# the old target whole, no temporary files, and once there is room the next run completes.
#
# The disk is a small tmpfs, mounted as root or in a user namespace.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/cases.sh"
. "$here/trial.sh"
cases=${CRASH_CASES:-file_replace file_partitions sqlite_append sqlite_upsert sqlite_replace incremental}

if [ "${1-}" != --mounted ]; then
    for how in "unshare -m" "unshare -rm" "unshare -m --propagation unchanged"; do
        if $how mount -t tmpfs none /mnt 2>/dev/null; then
            exec $how "$here/full_disk.sh" --mounted
        fi
    done
    echo "skip full disk: cannot mount a tmpfs, neither as root nor in a user namespace"
    exit
fi

# full NAME FREE_KIB: one run with so much room; 0 = it did not suffice, 1 = it did.
full() {
    local name=$1 dir=$work/$1.disk.begin code free why old now
    mount -t tmpfs -o size=64m none "$dir" || { echo "not ok $name: cannot mount"; return 1; }
    (cd "$dir" && lay_out "$name" 4000) || { echo "not ok $name: cannot be laid out"; return 1; }
    old=$(cd "$dir" && show_target | cksum)
    log=$work/$name.log
    : >"$log"
    free=$(($(stat -f -c '%a * %S / 1024' "$dir")))
    head -c $(((free - $2) * 1024)) /dev/zero >"$dir/filler"
    (cd "$dir" && run_weir)
    code=$?
    why=
    if [ $code = 1 ]; then
        grep -qiE 'no space left|disk is full' "$log" || why="the error does not say it"
        # Behind the decision the disk may be full for the state alone: the load stands as a whole.
        now=$(cd "$dir" && show_target | cksum)
        [ "$now" = "$old" ] || [ "$now" = "$new" ] || why="the target is neither old nor new"
    elif [ $code != 0 ]; then
        why="exit code $code"
    fi
    rm -f "$dir/filler"
    # What could not be written back into the state database at a run's end is done by the next use.
    "$WEIR" status "$dir/pipeline.yaml" >/dev/null 2>&1
    [ -n "$why" ] || [ $code = 0 ] || why=$(cd "$dir" && run_to_the_end)
    if [ -n "$why" ]; then
        echo "not ok $name, $2 KiB free: $why"
        tail -n 5 "$log"
    else
        compare "$name, $2 KiB free" "$dir" "$work/$name.disk.want" || why=differs
    fi
    umount "$dir"
    [ -n "$why" ] && broken=1
    [ $code != 0 ]
}

for name in $cases; do
    mkdir "$work/$name.disk.begin" "$work/$name.disk.clean"
    if ! (cd "$work/$name.disk.clean" && lay_out "$name" 4000 && run_weir); then
        echo "not ok $name: the undisturbed run fails"
        continue
    fi
    (cd "$work/$name.disk.clean" && show >"$work/$name.disk.want" 2>&1)
    new=$(cd "$work/$name.disk.clean" && show_target | cksum)
    broken=0 tried=0
    for room in 0 4 16 40 64 100 128 160 200 256 300 400 500 600 800 1000 1500 2000 3000 4000; do
        full "$name" $room || break
        tried=$((tried + 1))
    done
    [ $broken = 1 ] || echo "ok $name: $tried sizes of a full disk"
    rm -rf "${work:?}/$name".*
done
