#!/usr/bin/env bash
#
# A capture from outside of the NAT as evidence.  The attempts were recorded in
# the lab behind a NAT without a free port; the captures are made of them: what
# stood on the wire outside, and what would have, had the NAT let all through.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1
for db in direct nat; do
  gzip -dc "$TOP_SRCDIR/tests/data/verdicts/held/$db.db.gz" >$db.db
done

# make_capture FILE MODE: from "at port target target_port failed" on stdin;
# MODE: starved, lost (the failures' SYNs are there, too), partly (a tenth of
# the connections), reused (SYNs meet older connections)
make_capture() {
  python3 -c '
import socket, struct, sys
out = open(sys.argv[1], "wb")
out.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 64, 101))
packets = []
def put(at, back, flags, seq, ack, port, to, to_port):
    a, b = socket.inet_aton("203.0.113.2"), socket.inet_aton(to)
    p, q = port, to_port
    if back:
        a, b, p, q = b, a, q, p
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, a, b)
    packets.append((at, ip + struct.pack(">HHIIBBHHH", p, q, seq, ack, 80, flags, 0, 0, 0)))
for n, line in enumerate(sys.stdin):
    at, port, to, to_port, failed = line.rstrip("\n").split("|")
    at, to_port, port, mode = int(at), int(to_port), 1024 + n % 60000, sys.argv[2]
    if mode == "partly" and n % 10:
        continue
    if failed == "0":
        put(at, 0, 2, 5, 0, port, to, to_port)
        put(at + 900, 1, 18, 7, 6, port, to, to_port)
    elif mode == "lost":
        for s in (0, 1, 3):
            put(at + s * 1000000, 0, 2, 5, 0, port, to, to_port)
    elif mode == "reused":
        put(at, 0, 2, 5, 0, port, to, to_port)
        put(at + 900, 1, 16, 900, 800, port, to, to_port)
        put(at + 1000, 0, 4, 800, 0, port, to, to_port)
        put(at + 1000000, 0, 2, 5, 0, port, to, to_port)
# The recorder ran a little longer.
packets.append((max(packets)[0] + 60000000, packets[0][1][:20] + bytes(12) + bytes([80, 16]) + bytes(6)))
packets.append((min(packets)[0] - 1000000, packets[-1][1]))
for at, p in sorted(packets):
    out.write(struct.pack("<IIII", at // 1000000, at % 1000000, len(p), len(p)) + p)
' "$1" "$2"
}

sql nat.db "SELECT started_at, 0, t.address, t.port, failure IS NOT NULL
  FROM attempt a JOIN target t ON t.id = a.target_id
  WHERE failure IS NULL OR failure = 'connect_timeout'" >attempts
for mode in starved lost partly reused; do
  make_capture $mode.pcap $mode <attempts
  check "$mode: imported" "$report" import auto $mode.pcap --into $mode.db
done

# judged FILE...: with these besides, "CAUSE STRENGTH"
judged() {
  "$report" diff --format json direct.db nat.db "$@" >report.json || return
  jq -r '.verdict | "\(.cause) \(.strength)"' report.json
}
# weight ID CAUSE: of the evidence for the endpoint's whole window
weight() {
  jq -r --arg id "$1" --arg cause "$2" '[.evidence[] |
    select(.id | endswith(":" + $id)) | (.supports + .against)[] |
    select(.cause == $cause) | .log10_bf] | max // "none"' report.json
}
above() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 > b + 0) }'; }

# not_ruled_out FILE...: the causes that the verdict leaves open
not_ruled_out() {
  judged "$@" >/dev/null
  jq -r '[.verdict.not_ruled_out[].cause] | join(" ")' report.json
}
check "the hosts alone: a port pool" equals "$(judged)" \
  "nat_port_exhaustion moderate"
check "or the far end, which they cannot tell apart" equals \
  "$(not_ruled_out)" edge_address_limit
check "no SYN of the failures outside: the far end it is not" equals \
  "$(judged starved.db) $(not_ruled_out starved.db)" \
  "nat_port_exhaustion moderate "
check "by the capture" above \
  "$(weight capture_lacks_syns nat_port_exhaustion)" 0.3
check "the capture's window is told" matches \
  "$(jq -r '.evidence[] | select(.id | endswith(":capture_lacks_syns")).says' report.json)" \
  'outside of the NAT, 20[0-9T:-]+Z to 20[0-9T:-]+Z: of [0-9]+ attempts'
judged lost.db >verdict
check "SYNs that left speak against it" above 0 \
  "$(weight capture_lacks_syns nat_port_exhaustion)"
check "and it is not convicted" sh -c '! grep -q "nat_port_exhaustion strong" verdict'
check "a capture that lacks our own connections says nothing" equals \
  "$(judged partly.db) $(weight capture_lacks_syns nat_port_exhaustion)" \
  "nat_port_exhaustion moderate none"
judged reused.db >/dev/null
check "ports used again too soon are named" above \
  "$(weight capture_reuses_ports nat_port_reuse)" 0.5
# The ports of connections that were closed just before; how soon SYN-ACKs came.
# waited US: the weight of the same capture then
waited() {
  cp reused.db waited.db
  sql waited.db "UPDATE capture_flow SET reuse = 'time_wait', syn_ack_us = $1,
    challenge_us = NULL WHERE challenge_us IS NOT NULL"
  judged waited.db >/dev/null
  weight capture_reuses_ports nat_port_reuse
}
check "those that a second SYN had to ask for may have been lost" equals \
  "$(waited 1000900)" none
check "those that were answered at once did no harm" above 0 "$(waited 900)"

connections() {
  judged "$@" >/dev/null
  jq '[.evidence[] | select(.id | endswith(":capture_lacks_syns")) |
    .observed.connections] | max' report.json
}
check "the same capture in two files counts once" equals \
  "$(cp starved.db again.db && connections starved.db again.db)" \
  "$(connections starved.db)"
check "a bundle takes the capture's rows along" \
  "$report" bundle direct.db nat.db starved.db -o x.tar.gz
tar -xzf x.tar.gz
check "all of them" equals \
  "$(sql ./*/attempts.db "SELECT count(*), max(connections) FROM capture")" \
  "$(sql starved.db "SELECT count(*), max(connections) FROM capture")"
done_testing
