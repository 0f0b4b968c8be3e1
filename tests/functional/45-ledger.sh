#!/usr/bin/env bash
#
# natdiff-report diff with what was measured on purpose: a real witness's
# ledger, whatever its clock says, and where the paths leave; and what ramp and
# idle found, which a verdict takes into account only where it can.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
recorded=$TOP_SRCDIR/tests/data/verdicts
cd "$work" || exit 1

# ------------------------------------------------- a witness, and two paths

background "$probe" witness --database w.db --listen 127.0.0.1:0 \
  --name localhost >ready 2>log
witness=$!
for _ in $(seq 200); do
  ! grep -q '^ready' ready || break
  sleep 0.1
done
port=$(sed -n 's,^ready: https://127.0.0.1:\([0-9]*\).*,\1,p' ready)

# config PATH SOURCE ADDRESS: at another address than the witness's nobody
# listens
config() {
  cat <<END
agent: { database: $work/$1.db }
paths:
  $1: { role: $1, source: $2 }
endpoints:
  own:
    url: https://localhost:$port/
    ca: $work/w.db.crt
    addresses: [ $3 ]
schedule: { interval: 1s, port-budget: 1000 }
timeouts: { dns: 1s, connect: 1s, tls: 5s, request: 5s, done: 5s }
END
}
config direct 127.0.0.1 127.0.0.1 >direct.yaml
config nat 127.0.0.2 127.0.0.1 >nat.yaml
config nat 127.0.0.2 127.0.0.9 >away.yaml

# measure NAME SLOTS
measure() { "$probe" run -c "$1.yaml" --slots "$2" >"$1.log" 2>&1; }
paths() {
  measure direct 11 &
  local direct=$!
  measure nat 3 && measure away 3 && measure nat 3
  local status=$?
  wait "$direct" && return "$status"
}
check "both paths are measured, and a part of one never arrives" paths
kill "$witness" && wait "$witness"

# json FILTER FILE...
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
# rows PATH CONDITION
rows() { sql "$1.db" "SELECT count(*) FROM attempt WHERE $2"; }

check "nothing is said without a witness" is null json .ledger direct.db nat.db
check "some failed" test "$(rows nat 'failure IS NOT NULL')" -gt 0
check "and some did not" test "$(rows nat 'failure IS NULL')" -gt 0

arrivals="SELECT hex(attempt_id), observed_address, observed_port, listen_address, listen_port,
  accepted_at, client_hello_at, handshake_at, request_at, upgrade_at, a.ended_at, ended_how,
  requests, http_status, reached, r.host_name, r.alive_at, r.lost_rows FROM witness_arrival a
  JOIN witness_run r ON r.id = a.witness_run_id ORDER BY accepted_at, observed_port"
ledger() {
  is "[$(rows nat 1),$(rows nat 'failure IS NULL'),$(rows nat \
    'failure IS NULL'),$(rows nat 'failure IS NOT NULL'),0]" \
    json '.ledger.paths[] | select(.role == "nat") |
      [.sent + .outside, .accepted, .requested, .failed, .failed_seen_at_edge]' \
    "$@"
}
check "the ledger of the NAT path" ledger direct.db nat.db w.db
check "in any order of the files" ledger w.db nat.db direct.db
check "and with a copy of one" ledger w.db nat.db direct.db w.db
check "a witness is imported into another database" "$report" import auto w.db --into merged.db
check "with all that it has" is "$(sql w.db "$arrivals")" sql merged.db "$arrivals"
check "to the same ledger" ledger direct.db nat.db merged.db
check "twice" contains "$("$report" import witness w.db --into merged.db)" " 0 rows, "
check "changes nothing" is 1 sql merged.db "SELECT count(*) FROM import"
cp w.db damaged.db
sql damaged.db "UPDATE witness_arrival SET ended_how = 'never' WHERE id = 1"
"$report" import witness damaged.db --into fewer.db >out 2>err
check "a row that cannot be is told" contains "$(cat err)" "damaged.db: witness_arrival 1: "
head -c 20000 w.db >cut.db
not_read() { ! "$report" import witness "$1" --into fewer.db 2>err && contains "$(cat err)" "$2"; }
check "a damaged database is refused" not_read cut.db "damaged"
check "one without a witness, too" not_read nat.db "no witness wrote"
check "and leave nothing" is 1 sql fewer.db "SELECT count(*) FROM import"
all_arrived() {
  is '[true,true,0]' json '.ledger.paths[] | select(.role == "direct") |
    [.sent == .accepted, .sent == .requested, .failed]' direct.db nat.db w.db
}
check "all of the direct path arrived" all_arrived
evidence() {
  local failed
  failed=$(rows nat 'failure IS NOT NULL')
  "$report" diff direct.db nat.db w.db | tr -s ' \n' ' ' >text
  contains "$(cat text)" \
    "$failed of $failed failed attempts on the NAT path never reached the far end"
}
check "says so in the text" evidence
total() {
  json '.ledger | [.sent, .accepted, .requested, .failed_seen_at_edge] ==
    [([.paths[].sent] | add), ([.paths[].accepted] | add),
     ([.paths[].requested] | add), 0]' direct.db nat.db w.db
}
check "sums over the paths" is true total

# ---------------------------------------------------------------- clocks

clock() {
  json "[.ledger.clocks[] | .ahead_least_us <= $1 and .ahead_most_us >= $1 and
    .drift_us == 0 and .attempts > 0] | (length == 2 and all)" \
    direct.db nat.db "$2"
}
check "the clocks of one machine are one" is true clock 0 w.db
cp w.db later.db
sql later.db "UPDATE witness_arrival SET accepted_at = accepted_at + 3600000000,
  request_at = request_at + 3600000000"
check "an hour ahead is found" is true clock 3600000000 later.db
check "and changes nothing of the ledger" ledger direct.db nat.db later.db

# A connection that gave no id, from the path's address, while one was tried.
cp w.db odd.db
sql odd.db "ATTACH 'nat.db' AS nat;
  INSERT INTO witness_arrival (observed_address, observed_port, accepted_at,
    reached) SELECT '127.0.0.2', 1, started_at + total_us / 2, 'accept'
    FROM nat.attempt WHERE failure IS NOT NULL ORDER BY started_at LIMIT 1;
  INSERT INTO witness_arrival (observed_address, observed_port, accepted_at,
    reached) SELECT '192.0.2.77', 1, started_at + total_us / 2, 'accept'
    FROM nat.attempt WHERE failure IS NOT NULL"
odd() {
  json '.ledger.failed_seen_at_edge' direct.db nat.db odd.db
}
check "a connection without an id counts where it can be one" is 1 odd

# What the witness could not write down may be what is missing.
cp w.db lost.db
sql lost.db "UPDATE witness_run SET lost_rows = 100"
lost() {
  "$report" diff direct.db nat.db lost.db | tr -s ' \n' ' ' >text
  contains "$(cat text)" "had no room to write 100 connections down" &&
    is 100 json .ledger.lost_arrivals direct.db nat.db lost.db
}
check "what a witness lost is said" lost

# ---------------------------------------------------------------- egress

apart() {
  json '[.egress.apart, ([.egress.exits[] | [.role, .address]] | sort)]' \
    direct.db nat.db w.db
}
check "the paths leave apart" \
  is '[true,[["direct","127.0.0.1"],["nat","127.0.0.2"]]]' apart
cp w.db same.db
cp nat.db same-nat.db
sql same.db "UPDATE witness_arrival SET observed_address = '127.0.0.1'"
sql same-nat.db "UPDATE attempt SET observed_address_id = NULL,
  observed_port = NULL"
same() {
  "$report" diff direct.db same-nat.db same.db >text &&
    contains "$(tr -s ' \n' ' ' <text)" \
      "both leave through the same public address 127.0.0.1" &&
    contains "$(cat text)" "BOTH PATHS LEAVE THROUGH THE SAME ADDRESS" &&
    ! grep -q "nat minus direct" text &&
    is '["inconclusive",false]' json '[.verdict.cause, .egress.apart]' \
      direct.db same-nat.db same.db
}
check "the same address is said loudly, and nothing is compared" same

# ---------------------------------- what active commands found (recorded runs)

# take SCENARIO: its databases, brought up to date
take() {
  local db
  for db in direct nat; do
    gzip -dc "$recorded/$1/$db.db.gz" >"$1-$db.db" &&
      "$report" note "$1-$db.db" 2026-01-01T00:00:00Z test || return
  done
}
# measured DATABASE ROLE KIND FINDING LOW HIGH
measured() {
  sql "$1" "INSERT INTO measurement (kind, agent_id, path, role, host_name,
    version, destination, started_at, ended_at, ended_how, finding, low, best,
    high) SELECT '$3', agent_id, path, role, host_name, '0', '192.0.2.1:443',
    started_at, started_at + 60000000, 'finished', '$4', $5, $5, $6
    FROM run WHERE role = '$2'"
}
verdict() { json '[.verdict.cause, .verdict.strength]' "$1-direct.db" "$1-nat.db"; }

check "recorded runs are there" take healthy
take held
take table-full
take reuse
check "healthy, without more" is '["healthy","strong"]' verdict healthy
measured healthy-nat.db nat idle silent 14000000 16000000
check "an idle limit alone accuses nobody" is '["healthy","strong"]' verdict healthy
measured healthy-direct.db direct idle no_limit 32000000 NULL
check "beside a direct path that lives it is the NAT's" \
  is '["nat_idle_timeout","strong"]' verdict healthy
gone() {
  "$report" diff healthy-direct.db healthy-nat.db | tr -s ' \n' ' ' >text
  contains "$(cat text)" "gone after 16.0 s of silence (without a word)"
}
check "and says after how long" gone

check "a full pool, by the hosts alone" \
  is '["nat_port_exhaustion","moderate"]' verdict held
measured held-nat.db nat ramp destination_limit 1000 1000
check "a ceiling that nobody reached adds nothing" \
  is '["nat_port_exhaustion","moderate"]' verdict held
sql held-nat.db "UPDATE measurement SET low = 87, best = 87, high = 87"
check "one that the census reached is proof" \
  is '["nat_port_exhaustion","strong"]' verdict held

# The probe's own attempts pile up where none is answered: no load.
check "a full table, by the hosts alone" is '["inconclusive","none"]' verdict table-full
measured table-full-nat.db nat ramp total_limit 10 10
sql table-full-nat.db "UPDATE measurement SET ended_how = 'stopped'"
check "is not one that the probe's own attempts reached" \
  is '["inconclusive","none"]' verdict table-full
sql table-full-nat.db "UPDATE census SET established = established + 10
  WHERE target_id IS NULL"
check "but one that the application's connections did" \
  is '["nat_table_full","moderate"]' verdict table-full

# hold_down LOW HIGH
hold_down() {
  sql reuse-nat.db "DELETE FROM measurement"
  measured reuse-nat.db nat reuse after_fin "$1" "$2"
}
# weighed: how a short hold-down was, at the endpoint, and for and against what
weighed() {
  json '.evidence[] | select(.id == "https:short_hold_down") | [.seen,
    (.supports[], .against[] | .cause)]' reuse-direct.db reuse-nat.db
}
check "ports used again too soon" is '["nat_port_reuse","moderate"]' verdict reuse
hold_down 9500000 10500000
check "which a short hold-down speaks for" \
  is '[true,"nat_port_reuse","nat_port_exhaustion"]' weighed
hold_down 119000000 121000000
check "one of two minutes for neither" is '' weighed
hold_down 199000000 201000000
check "and a long one against" \
  is '[false,"nat_port_exhaustion","nat_port_reuse"]' weighed
done_testing
