/* Faulty pipeline files and the exact messages for them: all faults of a file at once, in order of
 * place, each with its remedy, and no value of a variable in any of them. */
#include "registry.h"

static const struct {
    const char *text, *want;
} cases[] = {
    {"source: { path: a.csv, delimeter: \";\" }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:24: delimeter: is not a known key; did you mean \"delimiter\"?\n"},
    {"sourc: { path: a.csv }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:1: sourc: is not a known key; did you mean \"source\"?\n"
     "p.yaml:1:1: source: is missing; write source: with path:, connection: or type:\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "frobnicate: 1\n",
     "p.yaml:3:1: frobnicate: is not a known key; known here: weir, name, description, "
     "connections, defaults, steps, params, limits, state, schedule, alerts, tests, targets, "
     "needs, source, "
     "inputs, "
     "transform, validate, rejects, quality, sink, route, sql, command, retries, backoff, "
     "timeout\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "name: x\n"
     "name: y\n",
     "p.yaml:4:1: name: stands twice, first in line 3 column 1; keep one of the two\n"},
    {"source:\n"
     "  path: a.csv\n"
     "  path: b.csv\n"
     "sink: { path: b.csv }\n",
     "p.yaml:3:3: path: stands twice, first in line 2 column 3; keep one of the two\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "limits: { memory: lots, threads: -1 }\n",
     "p.yaml:3:19: memory: \"lots\" is not a size; write a number with a unit, such as 64KiB or "
     "512MiB\n"
     "p.yaml:3:34: threads: \"-1\" is not within 0 and 1024\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "limits: { memory: 10KiB, threads: many }\n",
     "p.yaml:3:19: memory: \"10KiB\" is too small: at least 1048576 bytes\n"
     "p.yaml:3:35: threads: \"many\" is not a whole number\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "defaults: { retries: 1.5, backoff: 10, timeout: soon }\n",
     "p.yaml:3:22: retries: \"1.5\" is not a whole number\n"
     "p.yaml:3:36: backoff: \"10\" is not a duration; write a number with a unit, such as 500ms, "
     "30s, 10m or 1h\n"
     "p.yaml:3:49: timeout: \"soon\" is not a duration; write a number with a unit, such as 500ms, "
     "30s, 10m or 1h\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "weir: 2\n",
     "p.yaml:3:7: weir: version 2 of the language is not known; this program reads version 1; "
     "write weir: 1, or run a newer weir\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "name: a b\n",
     "p.yaml:3:7: name: \"a b\" is no name; use letters, digits, _ and -, at most 100\n"},
    {"", "p.yaml: the file is empty; write a pipeline into it\n"},
    {"# nothing\n", "p.yaml: the file is empty; write a pipeline into it\n"},
    {"hello\n", "p.yaml:1:1: a pipeline is a map of keys, not \"hello\"; begin with source: and "
                "sink:, or steps:\n"},
    {"- a\n"
     "- b\n",
     "p.yaml:1:1: a pipeline is a map of keys, not a list; begin with source: and sink:, or "
     "steps:\n"},
    {"name: x\n", "p.yaml:1:1: the pipeline has no step; write source: and sink:, or steps:\n"},
    {"steps:\n", "p.yaml:1:7: steps: has no step; write a name and a colon, the step below it\n"},
    {"steps: [a, b]\n", "p.yaml:1:8: steps: is a list, not a map of names to steps; write a name "
                        "and a colon, the step below it\n"},
    {"steps: {}\n",
     "p.yaml:1:8: steps: has no step; write a name and a colon, the step below it\n"},
    {"steps:\n"
     "  a:\n",
     "p.yaml:2:5: a: is not a step; write source: and sink: below it\n"},
    {"steps:\n"
     "  a: { source: { path: a.csv } }\n",
     "p.yaml:2:6: sink: is missing; write sink: with path:, connection: or type:\n"},
    {"steps:\n"
     "  a: { sink: { path: a.csv } }\n",
     "p.yaml:2:6: source: is missing; write source: with path:, connection: or type:\n"},
    {"source: { path: a.csv }\n"
     "steps:\n"
     "  a: { source: { path: a.csv }, sink: { path: b.csv } }\n",
     "p.yaml:1:1: source: stands beside steps; move it into a step\n"},
    {"steps:\n"
     "  a.b: { source: { path: a.csv }, sink: { path: b.csv } }\n",
     "p.yaml:2:3: steps: \"a.b\" is no name; use letters, digits, _ and -, at most 100\n"},
    {"source:\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:8: source: has no value; write path:, connection: or type: below it\n"},
    {"source: a.csv\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:9: source: is not a map; write path:, connection: or type: below it\n"},
    {"source: {}\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:9: source: does not say where the records come from; write path: for files, "
     "connection: with a table, or type:\n"},
    {"source: { path: a.xyz }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:17: path: the format does not follow from the name \"a.xyz\"; write format:, one "
     "of: csv, ndjson, xml\n"},
    {"source: { path: a.csv, format: csw }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:32: format: no format is called \"csw\" in this version; did you mean \"csv\"?\n"},
    {"source: { path: a.csv, format: parquet }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:32: format: no format is called \"parquet\" in this version; there are: csv, "
     "ndjson, xml\n"},
    {"source: { path: \"-\" }\n"
     "sink: { path: b.xml }\n",
     "p.yaml:1:17: path: the format does not follow from the name \"-\"; write format:, one of: "
     "csv, ndjson, xml\n"
     "p.yaml:2:15: path: xml cannot be written\n"},
    {"source: { path: \"s3://b/a.csv\" }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:17: path: s3:// is not available in this version; give a local path\n"},
    {"source: { type: sqlit, path: x.db, table: t }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:17: type: no connector is called \"sqlit\" in this version; did you mean "
     "\"sqlite\"?\n"},
    {"source: { type: kafka }\n"
     "sink: { type: feed }\n",
     "p.yaml:1:17: type: no connector is called \"kafka\" in this version; there are: file, "
     "sqlite, feed\n"
     "p.yaml:2:7: sink: feed cannot be written\n"},
    {"source: { connection: shop, table: t }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:23: connection: \"shop\" is not among connections; connections: none\n"},
    {"connections: { shop: { type: sqlite, path: s.db } }\n"
     "source: { connection: shpo, table: t }\n"
     "sink: { connection: shop, type: sqlite, table: t }\n",
     "p.yaml:2:23: connection: \"shpo\" is not among connections; did you mean \"shop\"?\n"
     "p.yaml:3:27: type: stands beside connection; remove it: the connection knows its type\n"},
    {"source: { type: sqlite, table: t }\n"
     "sink: { type: file }\n",
     "p.yaml:1:9: path: is missing; the database file\n"
     "p.yaml:2:7: path: is missing; files\n"},
    {"source: { type: sqlite, path: a.db, table: t, format: csv }\n"
     "sink: { path: b.csv, table: t }\n",
     "p.yaml:1:47: format: sqlite has no formats; remove it\n"
     "p.yaml:2:22: table: is not a known key; known here: type, connection, format, mode, key, "
     "version, drift, order, path, compression, delimiter, header\n"},
    {"source: { path: a.csv, columns: { id: , amount: \"!\", at: { typ: date } } }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:39: id: has no value; write a type, such as string or int64\n"
     "p.yaml:1:49: amount: has no type; write a type, such as string or int64\n"
     "p.yaml:1:60: typ: is not a known key; did you mean \"type\"?\n"},
    {"source: { path: a.csv, on_empty: maybe, infer: all, metadata: [_fil, _offset] }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:34: on_empty: \"maybe\" is not one of fail, ok\n"
     "p.yaml:1:48: infer: \"all\" is not one of full, sample, none\n"
     "p.yaml:1:64: metadata: \"_fil\" is not known; did you mean \"_file\"?\n"
     "p.yaml:1:70: metadata: \"_offset\" is not known; there are _file, _line and _byte\n"},
    {"source: { path: a.csv, metadata: [_row, _file, _file], columns: { a: { type: date, format: "
     "'%Q' "
     "},\n"
     "  b: { type: timestamptz, timezone: Mars/X } } }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:35: metadata: \"_row\" is not known; there are _file, _line and _byte\n"
     "p.yaml:1:48: metadata: names \"_file\" twice; name it once\n"
     "p.yaml:1:78: a: time format: there is no such directive; known are %Y %m %d %H %M %S %f %y "
     "%b %B %j %p %I %z %Z %e %a %A %s %F %T %R %D, without zeros %-d %-m %-H, for writing %G %V "
     "%u %w %U %W, and %%\n"
     "p.yaml:2:14: b: there is no time zone \"Mars/X\"; use a name such as Europe/Berlin (case "
     "counts), UTC, or an offset such as +02:00\n"},
    {"source: { path: a.db, table: t, metadata: [_file] }\n"
     "sink: { path: b.db, table: t, key: [id] }\n",
     "p.yaml:1:33: metadata: records of sqlite have no place in a file; remove it\n"
     "p.yaml:2:31: key: has no meaning with mode: append; remove it, or write mode: upsert\n"},
    {"source: { path: a.csv, incremental: { by: files, key: id } }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:50: key: has no meaning with by: files; remove it\n"},
    {"source: { path: a.csv, incremental: { by: cursor, column: id } }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:39: by: is not available in this version; write by: files, or remove it\n"},
    {"source: { type: sqlite, path: a.db, table: t, incremental: { by: files } }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:62: by: sqlite has no files; write by: cursor\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv, mode: upsert, key: id }\n",
     "p.yaml:2:28: mode: file does not offer upsert; it offers append, replace\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.db, table: t, mode: upsert }\n",
     "p.yaml:2:31: key: is missing, and upsert needs it; name the columns that tell rows apart: "
     "key: [id]\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.db, table: t, mode: upsrt, version: v }\n",
     "p.yaml:2:37: mode: \"upsrt\" is not one of append, replace, truncate, upsert, delete_insert, "
     "scd2, snapshot, replace_partitions, merge; did you mean \"upsert\"?\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.db, table: t, version: v }\n",
     "p.yaml:2:31: version: has no meaning with mode: append; remove it, or write mode: upsert\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv, drift: { new_columns: fail } }\n",
     "p.yaml:2:22: drift: has no meaning for file, which has no columns to compare with; remove "
     "it: what a run writes has the columns of that run\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.db, table: t, drift: { new_columns: drop, missing: drop } }\n",
     "p.yaml:2:53: new_columns: sqlite does not offer drop here; it offers fail, evolve\n"
     "p.yaml:2:68: missing: sqlite does not offer drop here; it offers evolve\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv, drift: { new_column: evolve }, order: kept }\n",
     "p.yaml:2:31: new_column: is not a known key; did you mean \"new_columns\"?\n"
     "p.yaml:2:60: order: \"kept\" is not one of free, keep\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "rejects: { max_ratio: 150%, max_rows: -3 }\n",
     "p.yaml:3:23: max_ratio: is more than all records; 100% is the most\n"
     "p.yaml:3:39: max_rows: \"-3\" is too small: at least 0\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "rejects: { max_ratio: five, path: r.csv, mode: upsert }\n",
     "p.yaml:3:23: max_ratio: \"five\" is not a ratio; write 1% or 0.01\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "rejects: r.csv\n",
     "p.yaml:3:10: rejects: is not a map; write path:, connection: or type: below it\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "transform: { filter: a > 1 }\n",
     "p.yaml:3:12: transform: is not a list; put \"- \" before each operator\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "transform:\n"
     "  - filtr: a > 1\n"
     "  - filter:\n"
     "  - set: a\n",
     "p.yaml:4:5: filtr: is not an operator; did you mean \"filter\"?\n"
     "p.yaml:5:12: filter: has no value; write a value, or remove the key\n"
     "p.yaml:6:10: set: wants a map of names to expressions, found \"a\"\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "transform:\n"
     "  - dedupe: { key: [a] }\n"
     "  - drop everything\n",
     "p.yaml:4:5: dedupe: is not available in this version; remove it\n"
     "p.yaml:5:5: transform: \"drop everything\" is not an operator; write - name: value\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "transform:\n"
     "  - set: { a: 1 }\n"
     "    filter: a > 1\n",
     "p.yaml:5:5: filter: stands in the entry of \"set\"; put \"- \" before \"filter\"\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "transform:\n"
     "  - set: { total: round(price * n, 2), name: lower(name) }\n",
     "p.yaml:4:19: total: \"round(price * n\" is cut at the comma; quote it: \"round(price * n, "
     "2)\"\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "source2: 1\n"
     "validate: [ { field: a, requird: true } ]\n",
     "p.yaml:3:1: source2: is not a known key; did you mean \"source\"?\n"
     "p.yaml:4:25: requird: is not a known key; did you mean \"required\"?\n"},
    {"source: { path: a.csv, columns: { amount: decimal(10,2)!, id: int64 } }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:43: amount: \"decimal(10\" is cut at the comma; quote it: \"decimal(10, 2)!\"\n"},
    {"steps:\n"
     "  a: { needs: bb, source: { path: a.csv }, sink: { path: b.csv } }\n"
     "  b: { needs: [zzz], source: { path: a.csv }, sink: { path: b.csv } }\n",
     "p.yaml:2:15: needs: \"bb\" is not a step; did you mean \"b\"?\n"
     "p.yaml:3:16: needs: \"zzz\" is not a step; steps: a, b\n"},
    {"steps:\n"
     "  a: { needs: c, source: { path: a.csv }, sink: { path: b.csv } }\n"
     "  b: { needs: a, source: { path: a.csv }, sink: { path: b.csv } }\n"
     "  c: { needs: b, source: { path: a.csv }, sink: { path: b.csv } }\n"
     "  d: { needs: a, source: { path: a.csv }, sink: { path: b.csv } }\n",
     "p.yaml:4:8: needs: goes in a circle: c needs b needs a needs c; break the circle\n"},
    {"steps:\n"
     "  a: { needs: a, source: { path: a.csv }, sink: { path: b.csv } }\n",
     "p.yaml:2:8: needs: goes in a circle: a needs a; break the circle\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "needs: [x]\n",
     "p.yaml:3:1: needs: there is only one step; remove it\n"},
    {"connections: { w: { type: sqlite, path: w.db } }\n"
     "steps:\n"
     "  a:\n"
     "    sql: { connection: w, into: t, query: select 1 }\n"
     "  b:\n"
     "    command: { run: [ls] }\n",
     "p.yaml:4:5: sql: is not available in this version; remove the step\n"
     "p.yaml:6:5: command: is not available in this version; remove the step\n"},
    {"steps:\n"
     "  a:\n"
     "    sql: { conection: w, query: select 1 }\n"
     "    sink: { path: x.csv }\n",
     "p.yaml:3:5: sql: is not available in this version; remove the step\n"
     "p.yaml:3:10: connection: is missing; the database that runs the statement\n"
     "p.yaml:3:12: conection: is not a known key; did you mean \"connection\"?\n"
     "p.yaml:4:5: sink: stands beside sql; make two steps of it\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "schedule: { cron: \"0 2 * * *\", every: 1h, overlap: never }\n",
     "p.yaml:3:1: schedule: is not available in this version; remove it and let cron or systemd "
     "start the run\n"
     "p.yaml:3:32: every: stands beside cron; keep one of the two\n"
     "p.yaml:3:52: overlap: \"never\" is not one of skip, queue, fail\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "schedule: {}\n"
     "alerts: [ { events: [failur], webhook: x }, { webhook: y } ]\n",
     "p.yaml:3:1: schedule: is not available in this version; remove it and let cron or systemd "
     "start the run\n"
     "p.yaml:3:11: schedule: says no time; write cron: or every:\n"
     "p.yaml:4:1: alerts: is not available in this version; remove it and look at the exit code\n"
     "p.yaml:4:45: events: is missing; failure, quality, rejects or success\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "quality: [ { metric: row_count, min: abc }, { metric: n }, { min: 1 } ]\n",
     "p.yaml:3:1: quality: is not available in this version; remove it, or use validate and "
     "max_ratio\n"
     "p.yaml:3:38: min: \"abc\" is not a number; write 10 or 1%\n"
     "p.yaml:3:45: metric: has no bound; write min: or max:\n"
     "p.yaml:3:60: metric: is missing; what is measured, such as row_count or null_ratio(email)\n"},
    {"source: { type: sqlite, path: a.db, tables: [\"shop.*\"] }\n"
     "sink: { topic: x }\n"
     "route: []\n" /* beside sink */
     "targets: { prod: {} }\n"
     "state: { connection: w }\n",
     "p.yaml:1:37: tables: is not available in this version; remove it\n"
     "p.yaml:2:9: topic: is not available in this version; remove it\n"
     "p.yaml:3:1: route: stands beside sink; keep one of the two; a route without when: takes the "
     "rest\n"
     "p.yaml:4:1: targets: is not available in this version; use ${VAR} for what differs\n"
     "p.yaml:5:10: connection: is not available in this version; keep the state in a folder: "
     "path\n"},
    {"steps:\n"
     "  a: { source: { path: a.csv }, sink: { path: b.csv } }\n"
     "  b: { from: a, sink: { path: c.csv } }\n"
     "  c: { source: { from: a.rejects }, sink: { path: c.csv } }\n",
     "p.yaml:3:8: from: is not available in this version; read what the step wrote\n"
     "p.yaml:4:18: from: is not available in this version; remove it\n"},
    {"connections: { w: { path: x.db }, p: { type: postgres, url: x }, 1!: { type: sqlite, path: "
     "y.db }, n: 5 }\n"
     "source: { path: a.csv }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:19: type: is missing; name of a connector\n"
     "p.yaml:1:46: type: no connector is called \"postgres\" in this version; there are: file, "
     "sqlite, feed\n"
     "p.yaml:1:66: \"1!\" is no name; use letters, digits, _ and -, at most 100\n"
     "p.yaml:1:103: n: is not a map; write type: and the connector's keys below it\n"},
    {"connections: [ w ]\n"
     "params: 3\n"
     "source: { path: a.csv }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:14: connections: is not a map; write a name and a colon, keys below it\n"
     "p.yaml:2:9: params: is not a map; write a name and its type\n"},
    {"connections: { w: { type: sqlite, path: x.db, pasword: x } }\n"
     "source: { path: a.csv }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:47: pasword: is not a known key; did you mean \"password\"?\n"},
    {"params: { table: { default: x }, n: { type: int64, default: x }, m: int64 }\n"
     "source: { path: a.csv }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:11: table: means something else in paths already; choose another name\n"
     "p.yaml:1:61: n: the default does not fit int64\n"
     "p.yaml:1:69: m: has no value; give it with --param, or write a default\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "tests: { input: [] }\n",
     "p.yaml:3:8: tests: is not a list; put \"- \" before each test\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "tests:\n"
     "  - { input: { a: 1 }, expect: { loaded: x } }\n"
     "  - { input: [ 1 ], expect: { rows: [ { a: 1 } ], loded: 1 } }\n"
     "  - { expect: { loaded: 1 }, step: nope }\n",
     "p.yaml:4:14: input: is not a list of records; write [ { field: value }, ... ]\n"
     "p.yaml:4:42: loaded: \"x\" is not a whole number\n"
     "p.yaml:5:16: input: a record is not a map; write { field: value }\n"
     "p.yaml:5:51: loded: is not a known key; did you mean \"loaded\"?\n"
     "p.yaml:6:5: input: is missing; records: a list of maps; fields not given are null\n"
     "p.yaml:6:36: step: \"nope\" is not a step; steps: pipeline\n"},
    {"steps:\n"
     "  a: { source: { path: a.csv }, sink: { path: b.csv } }\n"
     "  b: { source: { path: a.csv }, sink: { path: b.csv } }\n"
     "tests: [ { input: [], expect: { quality: pass } } ]\n",
     "p.yaml:4:10: step: is missing; steps: a, b\n"
     "p.yaml:4:33: quality: is not available in this version; remove it\n"},
    {"a: b\n"
     "\011c: d\n",
     "p.yaml:2:1: a tab is used to indent; use blanks\n"},
    {"a:\n"
     "  - x\n"
     "\011- y\n",
     "p.yaml:3:1: a tab is used to indent; use blanks\n"},
    {"source:\n"
     "  path: *.csv\n",
     "p.yaml:2:10: a plain value cannot begin with * or &; quote the value\n"},
    {"source:\n"
     "  path: @b\n",
     "p.yaml:2:9: a plain value cannot begin with @; quote the value\n"},
    {"source: { path: \"a.csv }\n"
     "sink: {}\n",
     "p.yaml:1:17: a quote is not closed; close it, or double it inside '...'\n"},
    {"key: value: more\n", "p.yaml:1:11: a colon stands where none can; check the indentation, or "
                           "quote the value if it holds \": \"\n"},
    {"a: [1, 2\n"
     "b: 3\n",
     "p.yaml:1:4: a list in [ ] is not closed, or a value in it wants quotes; close it with ], or "
     "quote values that hold , : # { } [ ]\n"},
    {"a: { b: c\n"
     "d: 3\n",
     "p.yaml:1:4: a map in { } is not closed, or a value in it wants quotes; close it with }, or "
     "quote values that hold , : # { } [ ]\n"},
    {"a: \"\\d\"\n", "p.yaml:1:5: an unknown escape in double quotes; write \\\\ for a backslash, "
                     "or use single quotes\n"},
    {"a:\n"
     "  b: 1\n"
     " c: 2\n",
     "p.yaml:3:2: the indentation does not fit the lines above, or a value holds a character that "
     "ends it; line the keys up, or quote the value\n"},
    {"a: 1\n"
     "plain\n",
     "p.yaml:2:1: this line is no key with a colon; write `key: value`, or indent it as a part of "
     "the value above\n"},
    {"a: - b\n", "p.yaml:1:4: a list cannot begin on this line; put \"- \" on a line of its own\n"},
    {"a: |x\n"
     "  text\n",
     "p.yaml:1:5: text stands behind | or >; begin the block on the next line\n"},
    {"a: !!int 5\n"
     "source: { path: a.csv }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:1: a: is not a known key; known here: weir, name, description, connections, "
     "defaults, steps, params, limits, state, schedule, alerts, tests, targets, needs, source, "
     "inputs, "
     "transform, "
     "validate, rejects, quality, sink, route, sql, command, retries, backoff, timeout\n"
     "p.yaml:1:4: a tag (!!int) has no meaning here; remove it, or quote a value that begins with "
     "!\n"},
    {"a: !env X\n",
     "p.yaml:1:1: a: is not a known key; known here: weir, name, description, connections, "
     "defaults, steps, params, limits, state, schedule, alerts, tests, targets, needs, source, "
     "inputs, "
     "transform, "
     "validate, rejects, quality, sink, route, sql, command, retries, backoff, timeout\n"
     "p.yaml:1:1: the pipeline has no step; write source: and sink:, or steps:\n"
     "p.yaml:1:4: a tag (!env) has no meaning here; remove it, or quote a value that begins with "
     "!\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "---\n"
     "name: y\n",
     "p.yaml:3:1: a second document begins; one pipeline a file: remove the second `---` and what "
     "follows\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "name: *nope\n",
     "p.yaml:3:7: the alias *nope has no anchor; define it above with &, or quote a value that "
     "begins with *\n"},
    {"a: &a [ *a ]\n", "p.yaml:1:9: an alias stands inside what it stands for; remove it\n"},
    {"? [a, b]\n"
     ": c\n",
     "p.yaml:1:3: a list or map cannot be a key; quote it if it is meant as text\n"},
    {"a: \"\001\"\n", "p.yaml:1:5: a control character (U+0001) stands here; remove it\n"},
    {"name: \377\n", "p.yaml:1:7: the file is not UTF-8 here; save the file as UTF-8\n"},
    {"<<: 5\n"
     "source: { path: a.csv }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:5: <<: wants a map or a list of maps; write <<: *name\n"},
    {"source: { path: \"${NOPE}/a.csv\" }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:17: path: ${NOPE}: the variable is not set; set it, or write a default: "
     "${VAR:-default}\n"},
    {"source: { path: \"${EMPTY:?set the folder}/a.csv\" }\n"
     "sink: { path: \"${FOLDER:=x}.csv\" }\n",
     "p.yaml:1:17: path: ${EMPTY}: set the folder; set the variable\n"
     "p.yaml:2:15: path: ${FOLDER:=x}: is not a reference; write ${VAR}, ${VAR:-default}, "
     "${VAR:?message} or ${file:PATH}; $${ is a plain ${\n"},
    {"source: { path: \"${FOLDER\" }\n"
     "sink: { path: \"${file:}\" }\n",
     "p.yaml:1:17: path: ${FOLDER}: is not closed; close it with }, or write $${ for a plain ${\n"
     "p.yaml:2:15: path: ${file:}: names no file; write ${file:PATH}\n"},
    {"source: { path: a.csv }\n"
     "sink: { path: b.csv }\n"
     "limits: { memory: \"${BAD_SIZE}\", threads: \"x${BAD_SIZE}\" }\n",
     "p.yaml:3:19: memory: \"${BAD_SIZE}\" is not a size; write a number with a unit, such as "
     "64KiB or 512MiB\n"
     "p.yaml:3:43: threads: \"x${BAD_SIZE}\" is not a whole number\n"},
    {"source: { path: \"${URL}\" }\n"
     "sink: { path: b.csv }\n",
     "p.yaml:1:17: path: ...:// is not available in this version; give a local path\n"},
};

static void test_messages(void **state) {
    (void)state;
    size_t n = sizeof cases / sizeof *cases, wrong = 0;
    assert_true(n >= 40);
    for (size_t i = 0; i < n; i++) {
        loaded l;
        load_text(&l, cases[i].text);
        char *got = printed(&l.diags);
        assert_int_equal(l.status, WEIR_USAGE);
        assert_null(l.p);
        assert_int_equal(l.err.status, WEIR_USAGE);
        assert_null(strstr(got, "canary"));
        assert_null(strstr(l.err.message, "canary"));
        if (strcmp(got, cases[i].want) != 0) {
            wrong++;
            printf("case %zu:\n%s--- got\n%s--- want\n%s\n", i, cases[i].text, got, cases[i].want);
        }
        weir_free(got);
        unload(&l);
    }
    assert_int_equal(wrong, 0);
}

static void test_first_error_in_err(void **state) {
    (void)state;
    loaded l;
    load_text(&l, "sink: { path: b.csv, ordr: 1 }\nsourcee: x\n");
    assert_int_equal(l.diags.n_errors, 3);
    assert_string_equal(l.err.message, "is missing (and 2 more)");
    assert_string_equal(l.err.source, "p.yaml");
    assert_int_equal(l.err.line, 1);
    unload(&l);
}

static void test_params_given(void **state) {
    (void)state;
    loaded l;
    const char *names[] = {"dya", "n"}, *values[] = {"canary-1", "canary-2"};
    weir_spec_options o = {.params = {2, names, values}};
    load_with(&l,
              "params: { day: { type: date, default: 2024-01-01 }, n: int64 }\n"
              "source: { path: a.csv }\nsink: { path: b.csv }\n",
              &test_registry, &o);
    char *got = printed(&l.diags);
    assert_string_equal(got,
                        "p.yaml:1:9: --param: \"dya\" is no parameter of this pipeline; did you "
                        "mean \"day\"?\n"
                        "p.yaml:1:56: n: the value of --param does not fit int64\n");
    weir_free(got);
    unload(&l);
}

/* Every shortage of memory gives WEIR_RESOURCE or the right result; nothing leaks or crashes. */
static void test_short_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i += 3) {
        size_t refused = 0;
        for (size_t cap = 4096; cap < 400000; cap += cap < 20000 ? 512 : 16384) {
            weir_arena arena = {.max_bytes = cap};
            weir_diags diags;
            weir_pipeline *p = NULL;
            weir_error err = {0};
            weir_spec_options o = {.references.variable = test_variable};
            weir_diags_init(&diags, "p.yaml");
            weir_status status = weir_pipeline_load_text(
                weir_slice_of(cases[i].text), &test_registry, &o, &arena, &diags, &p, &err);
            assert_true(status == WEIR_RESOURCE || status == WEIR_USAGE);
            assert_int_equal(err.status, status);
            refused += status == WEIR_RESOURCE;
            weir_diags_clear(&diags);
            weir_arena_clear(&arena);
            if (status == WEIR_USAGE) break;
        }
        assert_true(refused < 60);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_first_error_in_err),
        cmocka_unit_test(test_params_given),
        cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
