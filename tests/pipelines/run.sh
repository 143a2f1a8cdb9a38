#!/bin/bash
# One folder a case: a pipeline, its inputs, and `expect`, a transcript of what a person would type
# and see.  README.md has the form of the transcript.  Pages with such transcripts are cases, too.
#
#   tests/pipelines/run.sh [--accept] [CASE... | PAGE.md...]
#
#   --accept   writes what came out into `expect` of the cases, or into the pages; read the difference before you keep it
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${WEIR_ROOT:=$(cd "$here/../.." && pwd)}" "${WEIR:=$WEIR_ROOT/build/weir}" "${JOBS:=2}"
export LC_ALL=C.UTF-8 TZ=UTC

# The transcript as a script: after each command a line tells its number and exit code.
script_of() {
    awk '
        function quote(s) { gsub(/\047/, "\047\\\047\047", s); return "\047" s "\047" }
        function end() { if (open) printf "printf \"@@@ %d %%d\\n\" $?\n", n }
        /^  \$ / { end(); n++; open = 1; print substr($0, 5); next }
        /^  > / { print substr($0, 5) }
        END { end() }' "$1"
}

# Puts the output (stdin) behind the commands of the transcript $1.
transcript_of() {
    awk -v expect="$1" '
        /@@@ [0-9]+ [0-9]+$/ {
            at = index($0, "@@@ ")
            split(substr($0, at + 4), mark, " ")
            if (at > 1) add(mark[1], substr($0, 1, at - 1) " (no-eol)")
            code[mark[1]] = mark[2]; current = mark[1] + 1
            next
        }
        function add(k, line) { text[k] = text[k] "  " line "\n" }
        BEGIN { current = 1 }
        { add(current, $0) }
        END {
            while ((getline line < expect) > 0) {
                command = line ~ /^  [$>] /
                if (!command && open) {
                    printf "%s", text[n]
                    if (!(n in code)) print "  [the shell ended]"
                    else if (code[n] != 0) print "  [" code[n] "]"
                    open = 0
                }
                if (line ~ /^  \$ /) { if (open) flush_one(); n++; open = 1 }
                if (command || line !~ /^  /) print line
            }
            if (open) flush_one()
        }
        function flush_one() {
            printf "%s", text[n]
            if (!(n in code)) print "  [the shell ended]"
            else if (code[n] != 0) print "  [" code[n] "]"
        }'
}

# What differs from run to run gets a name.  $1: the folder of the trial.
stable() {
    sed -E -e "s#$1#DIR#g" \
        -e 's/copy-[0-9a-f]{8}/copy-HASH/g' -e 's/\b20[0-9]{6}-[0-9]{6}-[0-9a-f]{4}\b/RUN/g' \
        -e 's/ in [0-9]+ ms( \([0-9.]+ [KMGT]?i?B\/s\))?$/ in TIME/; s/ in [0-9.]+ s( \([0-9.]+ [KMGT]?i?B\/s\))?$/ in TIME/' \
        -e 's/"(duration_us|started|ended|pid|host|cut|parse|transform|validate|encode|write)":("[^"]*"|[0-9.]+)/"\1":N/g' \
        -e 's/\b20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}\.[0-9]{6}Z/WHEN/g' \
        -e 's/\b202[6-9]-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}(\.[0-9]{3})?Z/WHEN/g'
}

# Lines of $1 that end in " (re)" are patterns: where they match the line of $2, they stand for it.
match_patterns() {
    awk -v actual="$2" '
        { want[++n] = $0 }
        END {
            while ((getline line < actual) > 0) {
                i++
                if (want[i] ~ / \(re\)$/) {
                    pattern = substr(want[i], 1, length(want[i]) - 5)
                    if (line ~ ("^" pattern "$")) line = want[i]
                }
                print line
            }
        }' "$1"
}

# A page as a transcript: ```console blocks are its commands, blocks with a file name behind the language are files.
transcript_of_page() {
    awk '
        /^```/ {
            if (kind == "file") print "  > END-OF-FILE"
            kind = kind ? "" : $1 == "```console" ? "console" : NF == 2 ? "file" : "other"
            print "|" $0
            if (kind == "file") print "  $ cat >" $2 " <<\047END-OF-FILE\047"
            next
        }
        kind == "console" { print "  " $0; next }
        kind == "file" { print "  > " $0; next }
        { print "|" $0 }' "$1"
}

# And back.
page_of_transcript() {
    awk '
        /^[|]```/ { kind = kind ? "" : NF == 2 ? "file" : "other" }
        /^[|]/ { print substr($0, 2); next }
        kind != "file" { print substr($0, 3); next }
        /^  >/ && $0 != "  > END-OF-FILE" { print substr($0, 5) }'
}

# As `stable`, in words that read well on a page: what differs from run to run looks as it may look.
presentable() {
    awk '{
        while (match($0, /20[0-9][0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9][0-9][0-9][0-9]-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]/)) {
            id = substr($0, RSTART, RLENGTH)
            if (!(id in name)) name[id] = "RUN-" ++n "-"
            $0 = substr($0, 1, RSTART - 1) name[id] substr($0, RSTART + RLENGTH)
        }
        print
    }' | stable "$1" | sed -E 's/RUN-([0-9])-/20260301-09000\1-a1b\1/g; s/ in TIME$/ in 12 ms/; s/WHEN/2026-03-01 09:00:00.000000Z/g; s#DIR/##g'
}

# The page $1 in a copy of its folder, or of the one that it names: <!-- runs in FOLDER -->.
page() {
    local file=$WEIR_ROOT/$1 name=${1//\//_} folder trial why
    for why in $(sed -n 's/^<!-- needs \(.*\) -->$/\1/p' "$file"); do
        command -v "$why" >/dev/null || { echo "skip $1: $why is not installed"; return; }
    done
    folder=$(sed -n 's/^<!-- runs in \(.*\) -->$/\1/p' "$file")
    trial=$work/$name/$(basename "${folder:-$(dirname "$1")}")
    mkdir -p "$work/$name" && cp -r "$WEIR_ROOT/${folder:-$(dirname "$1")}" "$trial" && chmod -R u+w "$trial"
    transcript_of_page "$file" >"$work/$name.expect"
    { echo "$prelude"; script_of "$work/$name.expect"; } >"$work/$name.sh"
    (cd "$trial" && XDG_STATE_HOME=$work/$name.state timeout --kill-after=5 300 bash "$work/$name.sh") >"$work/$name.raw" 2>&1 </dev/null
    presentable "$(realpath "$trial")" <"$work/$name.raw" | transcript_of "$work/$name.expect" | sed 's/^  \(.*[^ ]\) *$/  \1/' | page_of_transcript >"$work/$name.actual"
    if why=$(diff -u --label expected --label actual "$file" "$work/$name.actual"); then
        echo "ok $1"
    elif [ "$accept" = 1 ]; then
        cp "$work/$name.actual" "$file"
        printf 'ok %s\n%s\n' "$1" "$why"
    else
        printf 'not ok %s: %s\n%s\n' "$1" "$(grep -m 1 '^[-+] ' <<<"$why")" "$why"
    fi
    rm -rf "$trial"
}

prelude='
weir() { timeout --kill-after=5 ${WEIR_LIMIT:-60} "$WEIR" "$@"; }
# as_nobody COMMAND...: for what root would be allowed to do
as_nobody() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
# wait_for COMMAND...: until it succeeds, ten seconds at most
wait_for() { local i; for i in $(seq 200); do "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done; return 1; }
export -f weir
'

one() {
    local name=$1 dir trial why code
    case $name in *.md) page "$name"; return ;; esac
    dir=$here/$name
    if [ ! -f "$dir/expect" ]; then
        echo "not ok $name: no tests/pipelines/$name/expect"
        return
    fi
    why=$(sed -n 's/^needs: //p' "$dir/expect" | while read -r tool; do
        command -v "$tool" >/dev/null || echo "$tool is not installed"
    done | head -n 1)
    if [ -n "$why" ]; then
        echo "skip $name: $why"
        return
    fi
    trial=$work/$name
    cp -r "$dir" "$trial" && rm "$trial/expect" && chmod 755 "$trial"
    { echo "$prelude"; script_of "$dir/expect"; } >"$work/$name.sh"
    (cd "$trial" && XDG_STATE_HOME=$work/$name.state timeout --kill-after=5 300 bash "$work/$name.sh") >"$work/$name.raw" 2>&1 </dev/null
    stable "$(realpath "$trial")" <"$work/$name.raw" | transcript_of "$dir/expect" >"$work/$name.actual"
    match_patterns "$dir/expect" "$work/$name.actual" >"$work/$name.matched"
    if why=$(diff -u --label expected --label actual "$dir/expect" "$work/$name.matched"); then
        echo "ok $name"
    elif [ "$accept" = 1 ]; then
        cp "$work/$name.matched" "$dir/expect"
        printf 'ok %s\n%s\n' "$name" "$why"
    else
        printf 'not ok %s: %s\n%s\n' "$name" "$(grep -m 1 '^[-+] ' <<<"$why")" "$why"
    fi
    rm -rf "$trial"
}

accept=${accept-0}
if [ "${1-}" = --one ]; then
    text=$(one "$2")
    printf '%s\n' "$text"
    exit 0
fi
while [ $# -gt 0 ]; do
    case $1 in
    --accept) accept=1 ;;
    *) break ;;
    esac
    shift
done
work=$(mktemp -d) || exit 1
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
chmod 755 "$work"
# A copy, so that another user can run it whatever folder the build is in.
cp "$WEIR" "$work/weir" || exit 1
export WEIR=$work/weir WEIR_ROOT work accept
if [ $# = 0 ]; then
    set -- $(cd "$here" && for case in */; do echo "${case%/}"; done) \
        $(cd "$WEIR_ROOT" && grep -l '^```console' examples/*/README.md docs/*.md)
fi
printf '%s\n' "$@" | xargs -n 1 -P "$JOBS" "${BASH_SOURCE[0]}" --one
