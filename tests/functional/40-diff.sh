#!/usr/bin/env bash
#
# natdiff-report diff: the text and the JSON of a known pair of databases, the
# JSON contract, filters, and everything that is no database of ours.

# shellcheck disable=SC2016 # jq and sh have variables of their own
# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
data=$TOP_SRCDIR/tests/data/diff
cd "$work" || exit 1

# database NAME SQL-FILE...
database() {
  local name=$1
  shift
  cat "$@" | "$tools/make_database" "$name"
}

database direct.db "$data/common.sql" "$data/direct.sql"
database nat.db "$data/common.sql" "$data/nat.sql"

# json FILTER ARGUMENT...: what jq makes of the report
json() {
  local filter=$1
  shift
  "$report" diff --format json "$@" >out.json || return
  jq -c "$filter" out.json
}

is() {
  local expected=$1
  shift
  equals "$("$@")" "$expected"
}

# refuses STATUS TEXT ARGUMENT...: that exit status, one line, nothing else
refuses() {
  local status=$1 text=$2 got
  shift 2
  "$report" "$@" >out 2>err
  got=$?
  equals "$got" "$status" && contains "$(head -1 err)" "$text" &&
    equals "$(wc -c <out)" 0 && equals "$(grep -c '^natdiff-report: ' err)" "$(wc -l <err)"
}

golden() {
  "$report" diff direct.db nat.db >got.txt && known "$data/starved.txt" got.txt
}
check "prints the known text" golden

golden_markdown() {
  "$report" diff --format markdown --explain direct.db nat.db >got.md &&
    known "$data/starved.md" got.md
}
check "prints the known Markdown" golden_markdown

golden_json() {
  json 'del(.generated_at)' direct.db nat.db | jq . >got.json &&
    known "$data/starved.json" got.json
}
check "prints the known JSON" golden_json

narrow() {
  equals "$("$report" diff direct.db nat.db | awk 'length > 80' | wc -l)" 0 &&
    equals "$("$report" diff --explain direct.db nat.db | awk 'length > 80' | wc -l)" 0
}
check "fits 80 columns" narrow

order() {
  "$report" diff --format json direct.db nat.db | jq 'del(.generated_at, .inputs)' >one
  "$report" diff --format json nat.db direct.db | jq 'del(.generated_at, .inputs)' >two
  cmp one two
}
check "does not depend on the order of the files" order

# Every query is SQL that the database takes, and --explain prints each.
queries() {
  local query
  json '.evidence[].query // empty' direct.db nat.db | jq -r . >queries
  "$report" diff --explain --format markdown direct.db nat.db |
    sed -n '/```sql/{n;s/^ *//;p}' >explained
  equals "$(sort explained)" "$(sed 's/$/;/' queries | sort)" || return
  while read -r query; do
    [ -n "$(sqlite3 nat.db "$query")" ] || {
      echo "$query"
      return 1
    }
  done <queries
  [ -s queries ]
}
check "explains every piece of evidence by a query" queries

contract() {
  json '
    def has_all($k): . as $o | all($k[]; . as $x | $o | has($x));
    has_all(["format","version","generated_at","window","inputs","endpoints",
      "episodes","evidence","verdict","ledger","gateway","notes","comparison","advice"])
    and (.window | has_all(["from","to","interval_s"]))
    and all(.inputs[]; has_all(["file","agent","host","path","role","runs",
      "attempts","clock","public_addresses"]))
    and all(.endpoints[];
      has_all(["name","url","control","paths","pairs","failure_test","syn_test",
        "latency","targets","hosts","hours","public_addresses",
        "hours_of_day","change_point"])
      and all(.failure_test, .syn_test; . == null
        or has_all(["method","blocks","gate","difference","difference_ci","p",
          "p_adjusted","bursts"]))
      and all(.latency[]; has_all(["phase","method","shift_us","shift_ci","p",
        "p_adjusted"]))
      and all(.targets[], .hosts[];
        has_all(["failure_test","silence_test","shown"]))
      and all(.paths[]; has_all(["path","role","attempts","ok","failed",
        "failure_rate","failure_rate_ci","failures","statuses","phases",
        "syn_retransmits"]) and .attempts == .ok + .failed
        and ([.failures[].count] | add // 0) == .failed)
      and (.pairs | has_all(["both_ok","nat_only_failed","direct_only_failed",
        "both_failed","half"]))
      and all(.latency, .targets, .hosts, .hours, .public_addresses; type == "array"))
    and (.verdict | has_all(["cause","strength","statement","not_ruled_out",
      "ruled_out","missing","how_often","where","host"]))
    and all(.episodes[]; has_all(["from","to","endpoints","hosts","nat",
      "direct","cause","strength","evidence"]))
    and all(.evidence[]; has_all(["id","says","observed","supports","against",
      "query"]))
    and all(.gateway[]; has_all(["source","kind","count","joined"]))
    and all(.advice[]; has_all(["action","why","how","provider"]))
    and (.verdict.where | type == "array")
    and all(.episodes, .evidence, .gateway, .notes, .advice; type == "array")
    and (.advice | length) > 0
    and all(.advice[]; has_all(["step","action","why","how","provider","source"]))
    and .format == "natdiff-report" and .version == 1 and .ledger == null' "$@"
}
check "has every key of the contract" is true contract direct.db nat.db
printf '' | "$tools/make_database" nothing.db
check "has them without a single attempt" is true contract nothing.db

# The same counts by SQL.
counted() {
  equals "$(json '[.endpoints[0].paths[] | .ok, .failed, .interrupted]' direct.db nat.db)" \
    "[$(sql direct.db "SELECT sum(failure IS NULL), sum(failure IS NOT NULL), 0 FROM attempt WHERE endpoint_id = 1" | tr '|' ','),$(sql nat.db "SELECT sum(failure IS NULL), sum(failure <> 'interrupted'), sum(failure = 'interrupted') FROM attempt WHERE endpoint_id = 1" | tr '|' ',')]"
}
check "counts what SQL counts" counted

check "pairs by endpoint, address, slot and seq" \
  is '{"both_ok":106,"nat_only_failed":10,"direct_only_failed":1,"both_failed":0,"half":5,"half_nat":2,"half_direct":3,"half_dns":2}' \
  json '.endpoints[0].pairs | del(.apart, .spare, .repeats)' direct.db nat.db

check "since and until: the latter is exclusive" \
  is '[60,60]' json '[.endpoints[0].paths[].attempts]' direct.db nat.db \
  --since 2026-11-21T04:55:00.251Z --until 2026-11-21T05:00:00.251Z
check "an endpoint and a path alone" is '[["listen"],["nat"]]' \
  json '[[.endpoints[].name], [.endpoints[].paths[].path]]' \
  direct.db nat.db --endpoint listen --path nat

cp nat.db copy.db
check "a run in two inputs counts once" is '[240,0,119]' \
  json '[.inputs[1,2].attempts, .endpoints[0].paths[1].attempts]' \
  direct.db nat.db copy.db
check "and that is said" is 1 json \
  '[.notes[] | select(.kind == "duplicate_run")] | length' direct.db nat.db copy.db
sqlite3 copy.db 'DELETE FROM attempt WHERE id % 2' >/dev/null
check "two parts of a run make the whole" is '[120,120,119]' \
  json '[.inputs[0,2].attempts, .endpoints[0].paths[1].attempts]' \
  copy.db direct.db nat.db

# ------------------------------------------- databases that do not fit together

# says TEXT FILE...: a note of that report has it
says() {
  local text=$1
  shift
  contains "$(json '.notes[].text' "$@")" "$text"
}

# nat_with NAME SQL: the NAT host's database, with a change
nat_with() {
  cp nat.db "$1" && sqlite3 "$1" "$2" >/dev/null
}

nat_with minute.db 'UPDATE run SET interval_us = 60000000; UPDATE attempt SET slot = slot / 6'
nat_with day.db 'UPDATE attempt SET slot = slot + 8640, started_at = started_at + 86400000000'
nat_with name.db "UPDATE endpoint SET name = name || '2'"
nat_with address.db "UPDATE target SET address = '192.0.2.' || id"
nat_with twice.db "UPDATE run SET uuid = x'00000000000000000000000000000099';
  UPDATE attempt SET attempt_id = randomblob(16)"
check "one path alone: says which database is missing" \
  says 'give the database of a host that does not leave through it' nat.db
check "the other path alone" says 'give the database of a host behind the NAT' direct.db
check "other intervals: says which" \
  says 'the intervals differ (direct: 10s; nat: 1m)' direct.db minute.db
check "other times: says when" says \
  'from 2026-11-21T04:55:00Z to 2026-11-21T05:04:55Z, the NAT path from 2026-11-22T' \
  direct.db day.db
check "other names: says which" \
  says '(direct: listen, other, witness; nat: listen2, other2, witness2)' direct.db name.db
check "other addresses: says which" \
  says 'other addresses on each path (direct: 203.0.113.10:443' direct.db address.db
check "two runs of a host at once: says that one is not paired" \
  says '239 attempts repeated one of the same agent' direct.db nat.db twice.db

# ------------------------------------------------- what is no database of ours
check "refuses a missing file" refuses 1 'No such file' diff direct.db none.db
mkdir folder
check "refuses a folder" refuses 1 'is a directory' diff folder
: >empty.db
check "refuses an empty file" refuses 1 'empty file' diff empty.db
mkfifo fifo
check "refuses a fifo" refuses 1 'not a regular file' diff fifo
echo "not a database, but long enough to be read as one, perhaps" >text.db
check "refuses a text" refuses 1 'not a SQLite database' diff text.db
sqlite3 other.db 'CREATE TABLE t (a)'
check "refuses another program's" refuses 1 "not natdiff's" diff other.db
cp nat.db newer.db
sqlite3 newer.db 'PRAGMA user_version = 99'
check "refuses a newer schema" refuses 1 'schema 99 is newer' diff newer.db
cp nat.db view.db
sqlite3 view.db 'ALTER TABLE attempt RENAME TO real; CREATE VIEW attempt AS SELECT * FROM real'
check "refuses a view in the place of a table" refuses 1 'not as natdiff makes it' diff view.db
head -c 20000 nat.db >cut.db
check "refuses a file that was cut" refuses 1 'cut.db: damaged' diff cut.db
cp nat.db torn.db
dd if=/dev/zero of=torn.db bs=4096 seek=6 count=2 conv=notrunc status=none
check "refuses a file with a hole" refuses 1 'torn.db: damaged: ' diff torn.db
check "and says what is wrong with it" matches "$(cat err)" 'age [0-9]+'

check "refuses a format that there is not" refuses 2 'no such format' diff --format pdf nat.db
check "refuses a time that is none" refuses 2 'not a time' diff --since yesterday nat.db
check "refuses an empty window" refuses 2 'not behind' \
  diff --since 2026-11-22 --until 2026-11-21 nat.db
check "refuses no file" refuses 2 'no database' diff
check "refuses an endpoint that is not there" refuses 1 'no such endpoint' \
  diff nat.db --endpoint lisen

# Damage anywhere ends in one clear line or a report, never in a crash.
damaged() {
  local i status
  for i in $(seq 60); do
    cp nat.db bad.db
    /usr/bin/python3 - bad.db "$i" <<'END'
import random, sys
r = random.Random(int(sys.argv[2]))
with open(sys.argv[1], "r+b") as f:
    size = f.seek(0, 2)
    for _ in range(r.choice((1, 5, 50, 500))):
        f.seek(r.randrange(100, size))
        f.write(bytes([r.randrange(256)]))
END
    timeout 20 "$report" diff bad.db >/dev/null 2>err
    status=$?
    [ "$status" -le 1 ] || {
      echo "seed $i: exit status $status"
      cat err
      return 1
    }
    [ "$status" -eq 0 ] || [ "$(wc -l <err)" -eq 1 ] || {
      echo "seed $i: more than a line"
      return 1
    }
  done
}
check "survives damage" damaged

# ------------------------------------------------------------- hostile values
hostile() {
  cp nat.db hostile.db
  sqlite3 hostile.db "
    UPDATE run SET host_name = 'a' || char(27) || '[31mred' || char(0x202e) || char(10) || 'b';
    UPDATE endpoint SET name = printf('%.2000c', 'n') WHERE id = 2;
    UPDATE attempt SET slot = -1 WHERE id = 1;
    UPDATE attempt SET seq = 70000 WHERE id = 2;
    UPDATE attempt SET failure = 'made_up' WHERE id = 3;
    UPDATE attempt SET failed_phase = 'tls' WHERE id = 4;
    UPDATE attempt SET connect_us = -5 WHERE id = 5;
    UPDATE attempt SET target_id = 77 WHERE id = 6;
    UPDATE attempt SET run_id = 77 WHERE id = 7;
    UPDATE attempt SET started_at = 9223372036854775807 WHERE id = 8;
    UPDATE attempt SET slot = 9223372036854775807 WHERE id = 9;
    UPDATE attempt SET http_status = 123456 WHERE id = 10;
    INSERT INTO note VALUES (7, 1795237000000000, 1, char(27) || ']0;title' || char(7));"
  "$report" diff direct.db hostile.db >out.txt || return
  grep -q '10 rows left out' out.txt || {
    cat out.txt
    return 1
  }
  if LC_ALL=C grep -nP '[^\x20-\x7e]' out.txt; then return 1; fi
  awk 'length > 80 { print; bad = 1 } END { exit bad }' out.txt &&
    json . direct.db hostile.db >/dev/null &&
    if LC_ALL=C grep -nP '[^\x20-\x7e]' out.json; then return 1; fi
}
check "counts bad rows, and lets nothing raw through" hostile

# --------------------------------------------------- live, and read-only places
live() {
  sqlite3 -batch nat.db <<END && equals "$(jq '.endpoints[0].pairs.both_ok' live.json)" 106
BEGIN IMMEDIATE;
UPDATE attempt SET seq = 5;
.shell $report diff --format json direct.db nat.db >live.json
ROLLBACK;
END
}
check "reads a database that is being written" live

readonly_place() {
  mkdir -p place
  cp direct.db nat.db place/
  unshare --user --map-root-user --mount sh -c '
    mount --bind place place && mount -o remount,bind,ro place &&
    exec "$0" diff --format json place/direct.db place/nat.db' "$report" >ro.json &&
    equals "$(jq '.endpoints[0].pairs.both_ok' ro.json)" 106
}
if unshare --user --map-root-user --mount true 2>/dev/null; then
  check "reads a database in a read-only place" readonly_place
else
  skip "reads a database in a read-only place" "no user namespaces"
fi

check_full() {
  "$report" diff nat.db 2>err >/dev/full
  equals "$?" 1 && contains "$(cat err)" 'No space left'
}
check "says that it could not write" check_full

help() { contains "$("$report" diff --help)" Examples: && "$report" diff --help | head -1 | grep -q Examples; }
check "help leads with examples" help
done_testing
