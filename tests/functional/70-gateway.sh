#!/usr/bin/env bash
#
# The gateway's own counters while a NAT with 32 ports is asked for 40: what
# is stored is what conntrack counted.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
need_lab
tap_cleanup() { "$lab" down >/dev/null 2>&1; }
cd "$work" || exit 1

refuses() {
  "$probe" gateway "$@" >out 2>err
  equals "$? of $*" "2 of $*" && [ ! -s out ] && [ -s err ]
}
refuses_all() {
  refuses -i 0 && refuses -i soon && refuses -i 2h && refuses --slots 0 &&
    refuses --slots x && refuses --ports 1ms && refuses --ports often &&
    refuses --retain 30 && refuses --retain x && refuses --duration 0 && refuses --nonsense &&
    refuses argument
}
check 'wrong usage is refused with status 2' refuses_all

if ! "$lab" up --pool 32 >up.log 2>&1; then
  sed 's/^/# /' up.log
  echo "Bail out! the lab does not start"
  exit 1
fi
eval "$("$lab" info | grep -E '^(url_slow|ca|address_a|nat_public)=')"
# shellcheck disable=SC2154 # by what the lab says of itself
cat >nat.yaml <<END
agent: { database: $work/nat.db }
paths:
  nat: { role: nat }
endpoints:
  slow: { url: "$url_slow", ca: $ca }
schedule: { interval: 1s, burst: 40, port-budget: 4000 }
timeouts: { dns: 2s, connect: 4s, tls: 5s, request: 15s, done: 5s }
gateway: { provider: linux, time-wait: 1s }
END
counter() { "$lab" counters | awk -v name="$1" '$1 == name { print $2 }'; }

# wait_for_lines FILE N: 20 s at most
wait_for_lines() {
  local i
  for i in $(seq 200); do
    [ "$(wc -l <"$1")" -lt "$2" ] || return 0
    sleep 0.1
  done
  echo "$1 has fewer than $2 lines after $i tries" >&2
  return 1
}
# total DATABASE KIND: the sum of what was stored
total() {
  sql "$1" "SELECT sum(value) FROM gateway_event WHERE kind = '$2'"
}
# gaps DATABASE KIND: rows that do not begin where the one before ends
gaps() {
  sql "$1" "SELECT count(*) FROM (SELECT from_at, lag(to_at) OVER
    (ORDER BY from_at) AS before FROM gateway_event WHERE kind = '$2')
    WHERE before <> from_at"
}

before_failed=$(counter insert_failed)
before_drop=$(counter drop)
background "$lab" exec gateway -- \
  "$probe" gateway -i 250ms --ports 250ms --json --database "$work/gw.db" \
  >gw.jsonl 2>gw.log
gateway=$!
# Two seconds of silence, then the load, then silence again.
check 'samples come as they are taken' wait_for_lines gw.jsonl 8
"$lab" exec gateway -- "$probe" gateway --once --database "$work/gw.db" \
  >second.out 2>second.log
check 'a second process would count twice: refused with status 75' \
  equals "$?" 75
check 'and it says who is at it' grep -q 'by process [0-9]' second.log
"$lab" exec nat -- "$probe" run -c nat.yaml --once >nat.log 2>&1
lines=$(wc -l <gw.jsonl)
wait_for_lines gw.jsonl $((lines + 4))
kill -TERM "$gateway"
wait "$gateway"
status=$?
failed=$(($(counter insert_failed) - before_failed))
drop=$(($(counter drop) - before_drop))

check 'SIGTERM ends it cleanly' equals "$status" 0
check 'the NAT refused something' at_least "$failed" 8
check 'the stored insert_failed are those that conntrack counted' \
  equals "$(total gw.db insert_failed)" "$failed"
check 'so are the drops' equals "$(total gw.db drop)" "$drop"
check 'and the JSON lines' equals \
  "$(jq -s 'map(.increase.insert_failed) | add' gw.jsonl)" "$failed"
check 'they are what our probe retransmitted and gave up' equals \
  "$(sql nat.db "SELECT sum(syn_retransmits) + sum(failed_phase = 'connect')
     FROM attempts WHERE failed_phase IS NOT NULL OR syn_retransmits > 0")" \
  "$failed"
check 'refusals fall into the time of the attempts' equals \
  "$(sqlite3 -batch gw.db "ATTACH 'nat.db' AS n;
     SELECT count(*) FROM gateway_event
     WHERE kind = 'insert_failed' AND value > 0
     AND (to_at < (SELECT min(started_at) FROM n.attempt)
       OR from_at > (SELECT max(started_at + total_us) FROM n.attempt))")" 0
check 'silence before and after is stored too, each in one row' equals \
  "$(sql gw.db "SELECT value, to_at - from_at > 900000 FROM gateway_event
     WHERE kind = 'insert_failed' AND id IN (
       SELECT min(id) FROM gateway_event WHERE kind = 'insert_failed'
       UNION SELECT max(id) FROM gateway_event WHERE kind = 'insert_failed')")" \
  "0|1
0|1"
check 'no time is left out' equals \
  "$(gaps gw.db insert_failed) $(gaps gw.db drop)" "0 0"
check 'how full the table is, and its size, are there' equals \
  "$(sql gw.db "SELECT count(DISTINCT kind), max(value) FILTER
       (WHERE kind = 'conntrack_count') >= 32 FROM gateway_event
     WHERE kind IN ('conntrack_count', 'conntrack_max')")" "2|1"
# shellcheck disable=SC2154 # by what the lab says of itself
endpoint_rows="kind = 'ports_in_use' AND destination_address = '$address_a'
  AND destination_port = 443"
# shellcheck disable=SC2154 # so is this
check 'so are the ports in use: all of the pool, and never more' equals \
  "$(sql gw.db "SELECT outside_address, protocol, max(value)
     FROM gateway_event WHERE $endpoint_rows")" "$nat_public|6|32"
check 'the JSON lines have them, too' equals \
  "$(jq -s --arg to "$address_a" 'map(.ports.destinations[]? |
     select(.destination == $to and .port == 443) | .ports_in_use) | max' \
    gw.jsonl)" 32
check 'no more are closed than there are' equals \
  "$(jq -s 'map(.ports.destinations[]? |
     select(.ports_closed > .ports_in_use)) | length' gw.jsonl)" 0
check 'all that is translated is counted at least once' equals \
  "$(jq -s 'map(.ports | select(. != null) |
     select(.conntrack_translated < ([.destinations[].ports_in_use] | add)))
     | length' gw.jsonl)" 0
check 'the report gives the most that were in use, not their sum' equals \
  "$("$report" diff nat.db gw.db --format json 2>/dev/null |
    jq '.gateway[] | select(.kind == "ports_in_use") | .count')" 32
check 'the source is named' equals \
  "$(sql gw.db "SELECT DISTINCT source FROM gateway_event")" \
  "conntrack $("$lab" exec gateway -- hostname)"

# Without rights /proc tells the same, where the kernel has it.
if "$lab" exec gateway -- test -r /proc/net/stat/nf_conntrack; then
  "$lab" exec gateway -- setpriv --bounding-set=-all --inh-caps=-all \
    "$probe" gateway --once --json --database "$work/proc.db" >proc.jsonl 2>&1
  check 'without capabilities the counters come from /proc' equals \
    "$(jq -cR 'fromjson? | [.increase | .insert_failed, .drop]' proc.jsonl)" \
    '[0,0]'
  check 'and it says what is missing for the rest' \
    grep -q 'ports by destination need CAP_NET_ADMIN' proc.jsonl
else
  skip 'without capabilities the counters come from /proc' \
    'this kernel has no /proc/net/stat/nf_conntrack'
fi

# Retention: what runs stored weeks ago, as far as the clock says; one event of
# these weeks shows that the clock is right.
sqlite3 gw.db "UPDATE gateway_event SET from_at = from_at - 90 * 86400000000,
  to_at = to_at - 90 * 86400000000;
  UPDATE gateway_event SET from_at = from_at + 70 * 86400000000,
  to_at = to_at + 70 * 86400000000
  WHERE id = (SELECT min(id) FROM gateway_event WHERE kind NOT LIKE 'ports%'
    AND kind <> 'conntrack_translated')"
"$lab" exec gateway -- "$probe" gateway --slots 2 -i 250ms --ports 0 \
  --retain 0 --database "$work/gw.db" >/dev/null 2>&1
check 'with --retain 0 nothing is deleted' at_least \
  "$(sql gw.db "SELECT count(*) FROM gateway_event WHERE value = 32")" 1
"$lab" exec gateway -- "$probe" gateway --slots 4 -i 250ms --ports 0 \
  --database "$work/gw.db" >/dev/null 2>&1
check 'after 30 days events are deleted' equals \
  "$(sql gw.db "SELECT count(*) FROM gateway_event
     WHERE to_at < (unixepoch() - 40 * 86400) * 1000000")" 0
check 'with --ports 0 the table is not read' equals \
  "$(sql gw.db "SELECT count(*) FROM gateway_event
     WHERE kind = 'ports_in_use'")" 0

# What cannot be stored now is stored later.
survives_a_lock() {
  background "$lab" exec gateway -- \
    "$probe" gateway -i 250ms --duration 10s --database "$work/late.db" \
    >late.out 2>late.log
  for _ in {1..80}; do
    [ -z "$(sqlite3 -readonly late.db 'SELECT 1 FROM gateway_event LIMIT 1' 2>/dev/null)" ] ||
      break
    sleep 0.1
  done
  {
    echo "BEGIN IMMEDIATE;"
    sleep 6
    echo "ROLLBACK;"
  } | sqlite3 late.db
  wait "$!"
  equals "$?" 0
}
check 'a locked database does not end it' survives_a_lock
check 'it says so' grep -q 'is locked by another process' late.log
check 'and that it is over' grep -q 'storing works again' late.log
check 'no time is lost by it' equals \
  "$(gaps late.db drop) $(sql late.db "SELECT sum(to_at - from_at) > 9500000
     FROM gateway_event WHERE kind = 'drop'")" "0 1"
check 'a summary is printed at the end' grep -q 'insert_failed [0-9]' late.out
done_testing
