#!/bin/sh
# The main job on real data: clean, validate, set aside, upsert; then the table, the rejects, the account.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
weir=${WEIR:-$here/build/weir}
work=${DEMO_DIR:-$here/build/demo}

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
    printf '$ weir %s\n' "$*"
    "$weir" "$@"
}

rm -rf "$work"
mkdir -p "$work"
cp "$here/examples/artists/artist_data.csv" "$here/examples/artists/artists.yaml" "$work/"
cd "$work"

say "1. The file is checked and its own tests run, before any data moves"
run check artists.yaml
run test artists.yaml

say "2. The run: read, clean, check every record, upsert into museum.sqlite"
run run artists.yaml

say "3. The loaded table"
run copy museum.sqlite - --query "select id, family_name, given_name, gender, born, died, birthplace from artists order by born limit 8" --to-format csv -q

say "4. What was set aside, and why"
id=$("$weir" runs artists.yaml --output json | sed -n '1s/.*"run_id":"\([^"]*\)".*/\1/p')
run rejects list artists.yaml
run rejects show "$id" artists.yaml -n 6

say "5. The account of the run: every record is somewhere"
run show "$id" artists.yaml

say "6. The same run again changes nothing: the keys are there already"
run run artists.yaml

loaded=$("$weir" copy museum.sqlite - --query "select count(*) as n from artists" --to-format csv -q | tail -n 1)
rejected=$("$weir" rejects list artists.yaml --run "$id" --output json | sed -n 's/.*"rows":\([0-9]*\).*/\1/p')
say "demo: ok - $loaded artists loaded, $rejected set aside, 3532 read"
[ $((loaded + rejected)) -eq 3532 ]
