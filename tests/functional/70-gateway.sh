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
    refuses --slots x && refuses --duration 0 && refuses --nonsense &&
    refuses argument
}
check 'wrong usage is refused with status 2' refuses_all

if ! "$lab" up --pool 32 >up.log 2>&1; then
  sed 's/^/# /' up.log
  echo "Bail out! the lab does not start"
  exit 1
fi
eval "$("$lab" info | grep -E '^(url_slow|ca)=')"
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
  "$probe" gateway -i 250ms --json --database "$work/gw.db" >gw.jsonl 2>gw.log
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
check 'the source is named' equals \
  "$(sql gw.db "SELECT DISTINCT source FROM gateway_event")" \
  "conntrack $("$lab" exec gateway -- hostname)"

# Without rights /proc tells the same, where the kernel has it.
if "$lab" exec gateway -- test -r /proc/net/stat/nf_conntrack; then
  "$lab" exec gateway -- setpriv --bounding-set=-all --inh-caps=-all \
    "$probe" gateway --once --json --database "$work/proc.db" >proc.jsonl 2>&1
  check 'without capabilities the counters come from /proc' equals \
    "$(jq -c '[.increase | .insert_failed, .drop]' proc.jsonl)" '[0,0]'
else
  skip 'without capabilities the counters come from /proc' \
    'this kernel has no /proc/net/stat/nf_conntrack'
fi

# What cannot be stored now is stored later.
survives_a_lock() {
  background "$lab" exec gateway -- \
    "$probe" gateway -i 250ms --duration 10s --database "$work/late.db" \
    >late.out 2>late.log
  sleep 1
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
