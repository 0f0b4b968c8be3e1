#!/usr/bin/env bash
#
# natdiff-report check, metrics and watch, on databases whose newest slot is
# now, and on what a real agent has recorded.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

# The newest slot of all that is made here.
now=$(($(date +%s) / 10 * 10))

# database NAME ROLE SLOTS [AGE]: one attempt a slot of 10 s, the last one AGE
# seconds before $now (0); "." connects, "x" does not.
database() {
  local at=$((now - ${4:-0}))
  rm -f "$1"
  "$tools/make_database" "$1" <<END
INSERT INTO agent VALUES (1, '$(printf '%032d' "$([ "$2" = nat ] && echo 1 || echo 2)")', 'host-$2', 0);
INSERT INTO run (id, uuid, agent_id, path, role, host_name, version,
  interval_us, config_digest, started_at, clock_synchronised)
  VALUES (1, randomblob(16), 1, '$2', '$2', 'host-$2', '0', 10000000, '', 0, 1);
INSERT INTO endpoint VALUES (1, 'li|st''en', 'https://a.example/', 0, 1, 'endpoint');
INSERT INTO target VALUES (1, '192.0.2.1', 443, 4);
WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < length('$3'))
INSERT INTO attempt (run_id, endpoint_id, target_id, slot, seq, failure,
  failed_phase, syn_retransmits, connect_us, total_us, started_at, attempt_id)
  SELECT 1, 1, 1, t / 10, 0, iif(bad, 'connect_timeout', NULL),
    iif(bad, 'connect', NULL), 3 * bad, 1000, 1000, t * 1000000, randomblob(16)
  FROM (SELECT $at - 10 * (length('$3') - i) AS t,
    substr('$3', i, 1) = 'x' AS bad FROM s);
END
}

# many TEXT N
many() {
  local i
  for ((i = 0; i < $2; i++)); do printf %s "$1"; done
}

# checks STATUS TEXT [OPTION...]: that exit status, and one line with TEXT
checks() {
  local expected=$1 text=$2 got
  shift 2
  got=$("$report" check "$@" direct.db nat.db 2>err)
  equals "$?" "$expected" && equals "$(wc -l <<<"$got")" 1 && contains "$got" "$text"
}

good=$(many . 60)
database direct.db direct "$good"
database nat.db nat "$good"
check "two good paths are OK" checks 0 "NATDIFF OK: 60 pairs: nat failed 0, direct 0 | "
check "the names in the performance data are plain" \
  checks 0 "| 'li_st_en difference'=0.00%;~:5;~:20;-100;100 'li_st_en nat'=0.00%;;;0;100"

# one bad slot, as many in a row as it takes, and the way back
database nat.db nat "${good:1}x"
check "one bad slot calls nobody" checks 0 "nat failed 1,"
database nat.db nat "${good:3}xxx"
check "three in a row do" checks 2 "since "
check "with their counts" checks 2 "nat failed 3 of 3, direct 0 |"
check "more are asked for where that is wished" checks 0 OK --raise 4
database nat.db nat "${good:8}xxx....."
check "a few good slots do not clear it" checks 2 CRITICAL
check "unless few are asked for" checks 0 OK --clear 5
database nat.db nat "${good:9}xxx......"
check "enough of them do" checks 0 OK
database nat.db nat "${good:3}xxx"
check "ranges are obeyed" checks 1 WARNING -c '~:100' -w '~:50'
database direct.db direct "${good:3}xxx"
check "a direct path that fails says nothing of the NAT" \
  checks 1 "fails on the direct path as well"

# a slow drip that never has three in a row
drip() {
  database direct.db direct "$(many . 1500)"
  database nat.db nat "$(many ...x...... 150)"
}
drip
check "the long run shows what no alarm does" checks 1 "in the long run the difference is at least"
check "and needs no more than it says" checks 0 OK -w '~:20'

database direct.db direct "$(many . 200)"
database nat.db nat "$good" 900
check "old data are unknown" checks 3 "the newest attempt on a nat path is 15m"
check "how old is to be said" checks 0 OK --max-age 1h
alone() {
  local got
  got=$("$report" check direct.db)
  equals "$?" 3 && contains "$got" "UNKNOWN: no attempts on a nat path"
}
check "one path alone is unknown" alone
none() {
  local got
  got=$("$report" check nowhere.db)
  equals "$?" 3 && contains "$got" "UNKNOWN: nowhere.db: cannot open"
}
check "a missing database is unknown" none
usage() {
  local option
  for option in "-w 5x" "--raise 0" "--window x" "--nonsense" ""; do
    # shellcheck disable=SC2086 # an option and its value
    "$report" check $option >out 2>err
    equals "$?" 3 && equals "$(wc -c <out)" 0 || return
  done
}
check "wrong usage is unknown, as plugins say it" usage

# ------------------------------------------------------------------- diff
exit_code() {
  database direct.db direct "$(many . 600)"
  database nat.db nat "$(many . 300)$(many x 300)"
  "$report" diff --exit-code direct.db nat.db >out
  equals "$?" 10 || return
  "$report" diff direct.db nat.db >out || return
  database nat.db nat "$(many . 600)"
  "$report" diff --exit-code direct.db nat.db >out
  equals "$?" 0
}
check "diff --exit-code tells paths that differ" exit_code

# ------------------------------------------------------------------ watch
watches() {
  database nat.db nat "$(many . 54)xxxxxx"
  "$report" watch --count 2 -i 100ms direct.db nat.db >out || return
  equals "$(grep -c '^verdict: ' out)" 2 &&
    equals "$(grep -Ec '^  direct +\|\.+ *\|$' out)" 2 &&
    equals "$(grep -Ec '^  nat +\|\.+#{6} *\|$' out)" 2 &&
    contains "$(cat out)" "next: natdiff-report "
}
database direct.db direct "$good"
check "watch shows the last slots, a verdict and what to do" watches
# What a screen of 24 lines of 80 shows: no line above the first is lost, and
# the command that comes next is there, whatever else is cut.
on_a_screen() {
  local name
  for name in direct nat gateway; do
    gzip -dc "$TOP_SRCDIR/tests/data/verdicts/held/$name.db.gz" >"lost-$name.db"
  done
  script -qec "stty cols 80 rows 24; $report watch --count 1 --window 87600h lost-*.db" \
    /dev/null </dev/null | tr -d '\r' >out
  equals "$(grep -c '^verdict: ' out)" 1 && contains "$(cat out)" "(more: " &&
    contains "$(tail -n 2 out)" "next: natdiff-report bundle" &&
    contains "$(tail -n 1 out)" " lost-direct.db lost-gateway.db lost-nat.db" &&
    at_least 23 "$(wc -l <out)" && at_least 80 "$(wc -L <out)"
}
check "watch fits a small terminal, with what to do next" on_a_screen
missing() {
  "$report" watch --count 1 nowhere.db >out 2>err
  equals "$?" 1 && contains "$(cat err)" "nowhere.db: cannot open"
}
check "watch refuses what is not there" missing
ends() {
  local status
  "$report" watch direct.db nat.db >out 2>&1 &
  local pid=$!
  for _ in $(seq 100); do
    grep -q '^next: ' out && break
    sleep 0.1
  done
  kill -INT "$pid" || return
  wait "$pid"
  status=$?
  # bash starts what is in the background deaf to SIGINT; watch is not
  equals "$status" 0
}
check "watch ends when it is told to" ends

# ---------------------------------------------------------------- metrics
for role in direct nat; do
  gzip -dc "$TOP_SRCDIR/tests/data/verdicts/held/$role.db.gz" >"held-$role.db"
done
agrees() {
  "$report" metrics -o natdiff.prom held-direct.db held-nat.db || return
  sqlite3 held-nat.db "SELECT 'natdiff_attempts_total{path=\"' || path || '\",role=\"nat\",endpoint=\"' || endpoint || '\",failure=\"' || iif(label = '', 'none', label) || '\"} ' || value FROM counter WHERE name = 'attempts'" |
    sort >theirs
  grep '^natdiff_attempts_total{.*role="nat"' natdiff.prom | sort >ours
  at_least "$(wc -l <ours)" 2 && cmp ours theirs
}
check "metrics are the counters of the databases" agrees
added_up() {
  local sum
  sum=$(grep '^natdiff_attempts_total' natdiff.prom | awk '{ n += $NF } END { print n }')
  equals "$sum" "$({ sqlite3 held-nat.db "SELECT sum(value) FROM counter WHERE name = 'attempts'"
    sqlite3 held-direct.db "SELECT sum(value) FROM counter WHERE name = 'attempts'"; } |
    awk '{ n += $1 } END { print n }')"
}
check "of all of them" added_up
twice() {
  cp natdiff.prom before
  "$report" metrics -o natdiff.prom held-nat.db held-nat.db 2>err
  equals "$?" 1 && contains "$(cat err)" "its agent's database is among the others" &&
    cmp before natdiff.prom
}
check "no database counts twice, and a refusal leaves the file as it was" twice
kept() {
  local before after
  before=$("$report" metrics held-nat.db | grep '^natdiff_attempts_total')
  sqlite3 held-nat.db "DELETE FROM attempt"
  after=$("$report" metrics held-nat.db | grep '^natdiff_attempts_total')
  equals "$after" "$before"
}
check "counters survive retention" kept
# Names that would be a sample, a label or a terminal's command of their own.
hostile_names() {
  cp held-nat.db evil.db
  sqlite3 evil.db "UPDATE run SET path = 'a\"}' || char(10) || 'evil 1' || char(0x202e, 0x5d0);
    UPDATE counter SET path = (SELECT path FROM run),
      endpoint = endpoint || '<b>\\\"' || char(27) || '[2J'"
  "$report" metrics evil.db >evil.prom &&
    equals "$(grep -vcE '^(# |natdiff_)' evil.prom)" 0 &&
    equals "$(grep -c 'path="a\\"}\\\\x0aevil 1\\\\u{202e}\\\\u{5d0}",role="nat",endpoint="https<b>' evil.prom)" \
      "$(grep -c 'endpoint="https<b>' evil.prom)" &&
    at_least "$(grep -c 'endpoint="https<b>' evil.prom)" 5 &&
    equals "$(grep -c "[^[:print:]]" evil.prom)" 0 &&
    { ! command -v promtool >/dev/null || promtool check metrics <evil.prom; }
}
check "hostile names are text in labels" hostile_names
if command -v promtool >/dev/null; then
  check "promtool has no complaint" promtool check metrics <natdiff.prom
else
  skip "promtool has no complaint" "promtool is not installed"
fi
exported() {
  local port pid got
  mkdir -p textfiles
  cp natdiff.prom textfiles/
  port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  prometheus-node-exporter --collector.disable-defaults --collector.textfile \
    --collector.textfile.directory=textfiles --web.listen-address="127.0.0.1:$port" 2>exporter.log &
  pid=$!
  for _ in $(seq 100); do
    got=$(curl -s "http://127.0.0.1:$port/metrics") && break
    sleep 0.1
  done
  kill "$pid"
  wait "$pid" 2>/dev/null
  contains "$got" "node_textfile_scrape_error 0" &&
    equals "$(grep -c ^natdiff_ <<<"$got")" "$(grep -c ^natdiff_ natdiff.prom)"
}
if command -v prometheus-node-exporter >/dev/null; then
  check "a node_exporter takes them all" exported
else
  skip "a node_exporter takes them all" "prometheus-node-exporter is not installed"
fi
done_testing
