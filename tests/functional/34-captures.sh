#!/usr/bin/env bash
#
# Captures from both sides of a NAT that starves and uses its ports again:
# what import finds in them, against tshark; and files that are cut off,
# damaged or hostile.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
for program in dumpcap tshark editcap; do
  command -v $program >/dev/null || skip_all "no $program"
done
need_lab
start_lab --pool 16
cd "$work" || exit 1

cat >nat.yaml <<END
agent: { database: nat.db }
paths: { nat: { role: nat } }
endpoints:
  slow: { url: "$(lab_info url_https)slow?1", ca: $(lab_info ca) }
schedule: { interval: 1s, burst: 24, port-budget: 1000000 }
timeouts: { dns: 2s, connect: 4s, tls: 5s, request: 15s, done: 5s }
END

# record HOST INTERFACE FILE
record() {
  background "$lab" exec "$1" -- dumpcap -q -s 96 -i "$2" -f tcp -w "$3" \
    2>"$3.err"
  recorders+=($!)
  for _ in {1..200}; do
    ! grep -q '^File:' "$3.err" || return
    sleep 0.05
  done
}
recorders=()
record nat "$(lab_info nat_interface)" inside.pcapng
record gateway "$(lab_info gateway_interface)" outside.pcapng
# Ports are held until the others have given up; then they are free at once.
sed 's/slow?1/slow?5/' nat.yaml >held.yaml
check "the first run ends well" \
  "$lab" exec nat -- "$probe" run -c held.yaml --once
# Its ports are free again, and their connections still known.
sleep 1.5
check "the second run ends well" \
  "$lab" exec nat -- "$probe" run -c nat.yaml --once
sleep 0.5
kill -INT "${recorders[@]}"
wait "${recorders[@]}"

# fields FILE FILTER NAME...: without anybody's preferences
fields() {
  local file=$1 filter=$2 name options=()
  shift 2
  for name in "$@"; do options+=(-e "$name"); done
  HOME=$work tshark -n -r "$file" -o tcp.relative_sequence_numbers:FALSE \
    -Y "$filter" -T fields "${options[@]}" 2>/dev/null
}

# compare WHAT OURS THEIRS: how many lines differ; each is shown
compare() {
  diff "$2" "$3" >differences
  sed -n "s/^</# $1, only ours:/p; s/^>/# $1, only tshark's:/p" differences
}

# walk: from SYNs and SYN-ACKs in their order, each connection and whether it
# was answered.  A SYN is one, unless it is the last of its tuple once more; a
# SYN-ACK is the last SYN's, or that of one the capture has behind it.
walk() {
  awk -F '\t' '
    $1 ~ /1|True/ {
      tuple = $4 " " $5 " " $2 " " $3
      asked = sprintf("%.0f", ($7 + 4294967295) % 4294967296)
      if (tuple in last && asked == last[tuple])
        answered[current[tuple]] = 1
      else
        early[tuple] = asked
      next
    }
    {
      tuple = $2 " " $3 " " $4 " " $5
      if (tuple in last && $6 "" == last[tuple])
        next
      last[tuple] = $6 ""
      name[++n] = tuple
      current[tuple] = n
      if (tuple in early && early[tuple] == $6 "")
        answered[n] = 1
      delete early[tuple]
    }
    END {
      for (i = 1; i <= n; i++)
        print (i in answered ? "answered" : "unanswered"), name[i]
    }'
}

tuple="ip.src tcp.srcport ip.dst tcp.dstport"
ours="client_address || ' ' || client_port || ' ' || destination_address ||
  ' ' || destination_port"
syn='tcp.flags.syn == 1 && tcp.flags.ack == 0'

for side in inside outside; do
  check "$side: the capture is imported" \
    "$report" import auto $side.pcapng --into $side.db
  # shellcheck disable=SC2086 # names
  {
    fields $side.pcapng "$syn && tcp.analysis.retransmission" $tuple |
      tr '\t' ' ' | sort >again.theirs
    fields $side.pcapng "$syn && tcp.analysis.reused_ports" $tuple |
      tr '\t' ' ' | sort >reused.theirs
    fields $side.pcapng 'tcp.flags.syn == 1 && tcp.flags.reset == 0' \
      tcp.flags.ack $tuple tcp.seq tcp.ack | walk >connections.theirs
  }
  sed -n 's/^unanswered //p' connections.theirs | sort >missing.theirs
  sql $side.db "WITH RECURSIVE n (i) AS
    (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
    SELECT $ours FROM capture_flow JOIN n ON i <= syn_retransmits" |
    sort >again.ours
  sql $side.db "SELECT $ours FROM capture_flow WHERE reuse IS NOT NULL" |
    sort >reused.ours
  sql $side.db "SELECT $ours FROM capture_flow
    WHERE has_syn AND syn_ack_us IS NULL" | sort >missing.ours
  echo "# $side: $(wc -l <again.theirs) SYNs again, $(wc -l <reused.theirs)" \
    "tuples used again, $(wc -l <missing.theirs) SYNs without a SYN-ACK"
  check "$side: SYNs sent again are tshark's" diff again.ours again.theirs
  check "$side: SYNs without a SYN-ACK are tshark's" \
    diff missing.ours missing.theirs
  compare "$side: reuse" reused.ours reused.theirs
  check "$side: tuples used again are tshark's" \
    diff reused.ours reused.theirs
  check "$side: the totals are those of tshark" equals \
    "$(sql $side.db "SELECT packets, connections, syn_retransmits FROM capture")" \
    "$(fields $side.pcapng frame frame.number | wc -l)|$(wc -l <connections.theirs)|$(wc -l <again.theirs)"
done
check "starved SYNs were sent again inside" at_least \
  "$(sql inside.db "SELECT sum(syn_retransmits) FROM capture_flow")" 8
check "and some never answered" at_least \
  "$(sql inside.db "SELECT syn_acks_missing FROM capture")" 4
check "ports were used again outside" at_least \
  "$(sql outside.db "SELECT count(*) FROM capture_flow
    WHERE reuse IN ('alive', 'time_wait')")" 1
check "every starved attempt is a flow of the inside capture" equals \
  "$(sqlite3 nat.db "ATTACH 'inside.db' AS c;
    SELECT count(*) FROM attempts a WHERE a.failed_phase = 'connect' AND
    NOT EXISTS (SELECT 1 FROM c.capture_flow f WHERE
      f.client_port = a.local_port AND f.client_address = a.local_address AND
      f.syn_retransmits = a.syn_retransmits AND f.syn_ack_us IS NULL)")" 0
"$report" import pcap inside.pcapng --into nat.db >/dev/null
check "the view joins flows to attempts" equals \
  "$(sql nat.db "SELECT count(*) FROM capture_attempts
    WHERE syn_ack_us IS NULL AND seen = 'inside'")" \
  "$(sql nat.db "SELECT count(*) FROM attempts WHERE failed_phase = 'connect'")"

# -- other formats of the same packets --
check "as classic pcap" editcap -F pcap outside.pcapng outside.pcap
check "as pcap of nanoseconds" editcap -F nsecpcap outside.pcapng nano.pcap
check "cut to 64 bytes" editcap -F pcap -s 64 outside.pcapng short.pcap
check "packed" sh -c 'gzip -c outside.pcap >outside.pcap.gz'
sql outside.db "SELECT $ours, at, syn_times, syn_ack_us, reuse, reuse_us,
  ended_how FROM capture_flow" >expected
for file in outside.pcap nano.pcap short.pcap outside.pcap.gz; do
  rm -f other.db
  check "$file: imported" "$report" import auto $file --into other.db
  sql other.db "SELECT $ours, at, syn_times, syn_ack_us, reuse, reuse_us,
    ended_how FROM capture_flow" >got
  check "$file: the same connections stand out" diff expected got
done
check "a file again changes nothing" contains \
  "$("$report" import pcap outside.pcap.gz --into other.db)" "imported before"

# -- cut off, damaged, none at all --
# In the middle of a packet: its record's header (16 bytes) and 4 more.
editcap -r -F pcap outside.pcap some.pcap 1-40
{
  cat some.pcap
  tail -c +25 some.pcap | head -c 20
} >half.pcap
rm -f other.db
check "a capture that is cut off: what is there counts" \
  "$report" import pcap half.pcap --into other.db
check "and it is said where it ends" matches \
  "$(sql other.db "SELECT first_bad FROM import")" 'half.pcap: packet 41: cut off'
size=$(stat -c %s outside.pcap)
{
  head -c $((size / 2)) outside.pcap
  head -c 100000 /dev/zero | tr '\0' '\377'
} >bad.pcap
check "a damaged one says so" contains \
  "$("$report" import pcap bad.pcap --into other.db 2>&1)" \
  "expected at most 262144"
printf '\324\303\262\241\002\000' >stub.pcap
status=0
"$report" import pcap stub.pcap --into other.db >stub.log 2>&1 || status=$?
check "a stub is an error of one line" equals "$status $(wc -l <stub.log)" "1 1"
echo hello >text.pcap
"$report" import pcap text.pcap --into other.db >text.log 2>&1
check "what is no capture is refused" contains "$(cat text.log)" \
  "text.pcap: neither pcap nor pcapng"
check "nothing of them was left behind" equals \
  "$(sql other.db "SELECT count(*) FROM import")" 2

# -- the probe's own --
check "a run with --capture ends well" "$lab" exec nat -- "$probe" run \
  -c nat.yaml --database own.db --once --capture own.pcap
check "its capture is imported" "$report" import pcap own.pcap --into own.db
check "it has every attempt, and nobody else's" equals \
  "$(sql own.db "SELECT connections, syn_retransmits FROM capture")" \
  "$(sql own.db "SELECT count(*), sum(syn_retransmits) FROM attempts
    WHERE local_port IS NOT NULL")"
check "handshakes, and no payload" equals \
  "$(fields own.pcap 'tcp.len > 0 && tcp.flags.fin == 0 &&
    tcp.flags.reset == 0' frame.number)" ""
check "nobody else may read it" equals "$(stat -c %a own.pcap)" 600
status=0
"$lab" exec nat -- setpriv --bounding-set -net_raw --inh-caps -net_raw \
  "$probe" run -c nat.yaml --database own.db --once --capture none.pcap \
  >none.log 2>&1 || status=$?
check "where it is not permitted the run goes on, and says so" matches \
  "$status $(cat none.log)" '^0 .*no capture: .*not permitted: CAP_NET_RAW'
done_testing
