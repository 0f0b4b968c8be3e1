#!/usr/bin/env bash
#
# A NAT with 32 ports and 40 attempts at once: 32 connect, 8 starve, and the
# gateway's counters, the far end's log and our database tell the same story.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
need_lab
start_lab --pool 32
access_log=$(lab_info access_log)
ca=$(lab_info ca)

# config PATH: 40 attempts within a second that hold their connections
config() {
  cat <<END
agent: { database: $work/$1.db }
paths:
  $1: { role: $1 }
endpoints:
  slow: { url: "$(lab_info url_slow)", ca: $ca }
  control: { url: "$(lab_info url_control)", ca: $ca, control: yes }
schedule: { interval: 1s, burst: 40, port-budget: 4000 }
timeouts: { dns: 2s, connect: 4s, tls: 5s, request: 15s, done: 5s }
gateway: { provider: linux, time-wait: 1s }
END
}
config nat >"$work/nat.yaml"
config direct >"$work/direct.yaml"

counter() { "$lab" counters | awk -v name="$1" '$1 == name { print $2 }'; }

before=$(counter insert_failed)
"$lab" exec direct -- "$probe" run -c "$work/direct.yaml" --once >"$work/direct.log" 2>&1 &
direct_run=$!
"$lab" exec nat -- "$probe" run -c "$work/nat.yaml" --once >"$work/nat.log" 2>&1
nat_status=$?
wait "$direct_run"
direct_status=$?
refused=$(($(counter insert_failed) - before))

nat=$work/nat.db
check "both agents ended well" equals "$nat_status $direct_status" "0 0"
check "32 of 40 connect" equals \
  "$(sql "$nat" "SELECT count(*) FROM attempts WHERE endpoint = 'slow' AND failure IS NULL")" 32
check "8 of 40 starve in connect" equals \
  "$(sql "$nat" "SELECT failure, failed_phase, count(*) FROM attempts WHERE endpoint = 'slow' AND failure IS NOT NULL GROUP BY 1, 2")" \
  "connect_timeout|connect|8"
check "starved attempts have a local port and SYN retransmits" equals \
  "$(sql "$nat" "SELECT count(*) FROM attempts WHERE failure IS NOT NULL AND local_port > 0 AND local_address IS NOT NULL AND syn_retransmits >= 2 AND kernel_rtt_us IS NULL AND connect_us BETWEEN 4000000 AND 4999999 AND tls_us IS NULL")" 8
check "what the gateway refused is what we retransmitted and gave up" equals \
  "$(sql "$nat" "SELECT sum(syn_retransmits) + sum(failed_phase = 'connect') FROM attempts WHERE failed_phase IS NOT NULL OR syn_retransmits > 0")" \
  "$refused"
check "at another port of the same address all is well" equals \
  "$(sql "$nat" "SELECT count(*), sum(failure IS NULL) FROM attempts WHERE endpoint = 'control'")" "1|1"
check "the direct path is clean" equals \
  "$(sql "$work/direct.db" "SELECT count(*), sum(failure IS NULL), max(syn_retransmits) FROM attempts")" "41|41|0"

# The far end saw the successes of both paths, and no other, id by id.
{
  sql "$nat" "SELECT attempt_id FROM attempts WHERE failure IS NULL"
  sql "$work/direct.db" "SELECT attempt_id FROM attempts WHERE failure IS NULL"
} | sort >"$work/ours"
grep -oE 'id=[0-9a-f]{32}' "$access_log" | cut -d= -f2 | sort >"$work/theirs"
check "every success is in the edge's log, and nothing else" \
  diff "$work/ours" "$work/theirs"
check "traceparent carries the same id" equals \
  "$(awk '{ match($0, /id=[0-9a-f]+/); id = substr($0, RSTART + 3, 32);
            if (!index($0, "00-" id "-")) print }' "$access_log" | head -n 3)" ""

# Both agents, which never talked, acted on the same slot and address when
# they ran in it together.
check "the agents share their slots' plan" equals \
  "$(sqlite3 -batch "$nat" "ATTACH '$work/direct.db' AS d;
     SELECT count(*) FROM attempts a JOIN d.attempts b USING (endpoint, slot, seq)
     WHERE a.target_address <> b.target_address")" 0
check "the census was taken" equals \
  "$(sql "$nat" "SELECT count(*) > 0 FROM census c JOIN host_sample s ON s.id = c.sample_id WHERE c.target_id IS NULL")" 1
done_testing
