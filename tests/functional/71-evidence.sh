#!/usr/bin/env bash
#
# A NAT whose ports run out, and are free again.  Its gateway's counters, the far
# end's log and a capture from outside of it, each as the tools of those places
# write it, are imported and are evidence then.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
command -v dumpcap >/dev/null || skip_all "no dumpcap"
need_lab
start_lab --pool 64 --hold 80 --time-wait 1
cd "$work" || exit 1

for host in direct nat; do
  "$lab" config "$host" --only https,control --burst 4 --database "$work/$host.db" \
    --timeouts 'dns: 2s, connect: 3s, tls: 5s, request: 5s, done: 5s' >$host.yaml
done

# What somebody runs on the gateway: each sample with its time before it.
background "$lab" exec gateway -- bash -c \
  'while date -Is && conntrack -S; do sleep 1; done' >counters.txt 2>/dev/null
counting=$!
background "$lab" exec gateway -- dumpcap -q -s 96 -i "$(lab_info gateway_interface)" \
  -f tcp -w outside.pcapng 2>dumpcap.err
recording=$!
for _ in {1..200}; do
  ! grep -q '^File:' dumpcap.err || break
  sleep 0.05
done

# measure SLOTS
measure() {
  local host pids=()
  in_slot 1000000 20
  for host in direct nat; do
    "$lab" exec $host -- "$probe" run -c $host.yaml --slots "$1" >>$host.log 2>&1 &
    pids+=($!)
  done
  wait "${pids[0]}" && wait "${pids[1]}"
}
# Nothing is under way as the ports come free: what timed out then had left.
check "both paths are measured while ports are held" measure 20
"$lab" set hold 0 >hold.log 2>&1
sleep 2
check "and once more when they are free" measure 10
sleep 1
kill -INT "$recording"
kill "$counting"
wait "$recording" "$counting" 2>/dev/null

check "some connected" at_least \
  "$(sql nat.db "SELECT count(*) FROM attempts WHERE failure IS NULL")" 10
check "and some starved" at_least \
  "$(sql nat.db "SELECT count(*) FROM attempts WHERE failure = 'connect_timeout'")" 10

# A log of the far end's own form, as a table with names.
sed -E 's/^([0-9.]+) ([0-9.a-f:]+):([0-9]+) [^ ]+ ([0-9]+) .* traceparent=([^ ]+) .*/\1,\2,\3,\4,\5/' \
  "$(lab_info access_log)" | sed '1i time,client,client_port,status,traceparent' >edge.csv
imported() { contains "$("$report" import auto "$1" --into "$2" 2>&1)" ": $3: "; }
check "the gateway's counters are imported" imported counters.txt gateway.db conntrack
check "the far end's log" imported edge.csv gateway.db edge
check "the capture" imported outside.pcapng gateway.db pcap
check "without bad lines" equals "$(sql gateway.db "SELECT sum(bad_lines) FROM import")" 0

verdict() { "$report" diff --format json "$@" >report.json && jq -r "$filter" report.json; }
filter='.verdict | "\(.cause) \(.strength)"'
check "the hosts alone: not strong" equals \
  "$(verdict direct.db nat.db | grep -c ' strong')" 0
check "with what was imported: strong" equals "$(verdict direct.db nat.db gateway.db)" \
  "nat_port_exhaustion strong"
# supports ID: an item of evidence of that id speaks for it
supports() {
  jq -e --arg id "$1" '[.evidence[] | select(.id | endswith(":" + $id)) |
    .supports[] | select(.cause == "nat_port_exhaustion")] | length > 0' report.json
}
for item in gateway_refuses_ports edge_log_lacks_failures capture_lacks_syns; do
  check "$item is evidence for it" supports $item
done

# What goes to the vendor has them all, and is the same again.
check "they are packed" "$report" bundle -o one.tar.gz direct.db nat.db gateway.db
mkdir again
check "in another order" "$report" bundle -o again/one.tar.gz gateway.db nat.db direct.db
check "to the same bytes" cmp one.tar.gz again/one.tar.gz
check "under pseudonyms, too" "$report" bundle -o anon.tar.gz --pseudonymise \
  direct.db nat.db gateway.db
mkdir anon
tar xzf anon.tar.gz -C anon
inside=$(sql nat.db "SELECT DISTINCT local_address FROM attempts WHERE local_address IS NOT NULL")
nowhere() { ! grep -rF "$1" anon; }
check "no address from inside is in it" nowhere "$inside"
done_testing
