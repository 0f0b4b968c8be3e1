#!/usr/bin/env bash
#
# The time of a connect as the probe records it, against the time from SYN to
# SYN-ACK in a capture of the same run: 300 attempts, more than 100 at once, on
# a link with random delays of 5 to 50 ms each way.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
need_lab
for program in dumpcap tshark; do
  command -v $program >/dev/null || skip_all "no $program"
done
start_lab --delay 5-50
cd "$work" || exit 1

cat >nat.yaml <<END
agent: { database: nat.db }
paths: { nat: { role: nat } }
endpoints:
  slow: { url: "$(lab_info url_https)slow?1", ca: $(lab_info ca) }
  control: { url: "$(lab_info url_control)", ca: $(lab_info ca), control: yes }
schedule: { interval: 1s, burst: 300, port-budget: 1000000 }
timeouts: { dns: 2s, connect: 5s, tls: 10s, request: 15s, done: 5s }
END

# As root of a namespace tcpdump cannot drop its rights; dumpcap can do without.
background "$lab" exec nat -- dumpcap -q -i "$(lab_info nat_interface)" \
  -f 'tcp port 443 and tcp[tcpflags] & tcp-syn != 0' -w wire.pcapng \
  2>dumpcap.err
capture=$!
for _ in {1..100}; do
  ! grep -q '^File:' dumpcap.err || break
  sleep 0.05
done

# The attempts whose time in the slot is over are fired in one go.
in_slot 1000000 60
check "the run ends well" \
  "$lab" exec nat -- "$probe" run -c nat.yaml --once
sleep 0.5
kill -INT $capture
wait $capture

# Local port, us from the first SYN to the SYN-ACK; without anybody's
# preferences.
HOME=$work tshark -n -r wire.pcapng -T fields -e tcp.srcport -e tcp.dstport \
  -e tcp.flags.ack -e frame.time_epoch 2>/dev/null |
  awk '$2 == 443 && !($1 in sent) { sent[$1] = $4 }
    $1 == 443 && !($2 in got) {
      got[$2]
      printf "%d %.1f\n", $2, ($4 - sent[$2]) * 1e6
    }' | sort >wire

# Local port, kernel_rtt_us, connect_us, loop_lag_us.
sql nat.db "SELECT local_port, kernel_rtt_us, connect_us, loop_lag_us
  FROM attempts WHERE endpoint = 'slow' AND kernel_rtt_us IS NOT NULL" |
  tr '|' ' ' | sort >ours
join wire ours >both

# summary COLUMN NAME: errors against the wire; sets $median and $correlation
summary() {
  local p99
  read -r median p99 < <(awk -v c="$1" \
    '{ d = $c - $2; print d < 0 ? -d : d }' both | sort -g |
    awk '{ e[NR] = $1 } END { print e[int((NR + 1) / 2)], e[int(NR * 0.99)] }')
  correlation=$(awk -v c="$1" '{
      n++; x += $2; y += $c; xx += $2 * $2; yy += $c * $c; xy += $2 * $c
    } END {
      d = sqrt((n * xx - x * x) * (n * yy - y * y))
      if (d > 0) printf "%.6f", (n * xy - x * y) / d
    }' both)
  echo "# $2: median error $median us, p99 $p99 us, correlation $correlation"
}

# below A B: numbers with fractions
below() {
  awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a + 0 < b + 0) }' || {
    echo "$1 is not less than $2"
    return 1
  }
}

at_once=$(sql nat.db "SELECT max(n) FROM (SELECT sum(d) OVER (ORDER BY at, d) AS n
  FROM (SELECT started_at AS at, 1 AS d FROM attempt
    UNION ALL SELECT started_at + connect_us + tls_us, -1 FROM attempt))")
echo "# $(wc -l <both) attempts, $at_once handshakes at once"
awk 'NR == 1 || $2 < min { min = $2 } $2 > max { max = $2 }
  END { printf "# on the wire %.1f to %.1f ms\n", min / 1000, max / 1000 }' both
awk '{ print $5 }' both | sort -n |
  awk '{ l[NR] = $1 } END {
    printf "# loop_lag_us: median %d, largest %d\n", l[int((NR + 1) / 2)], l[NR] }'

check "every attempt has connected" equals \
  "$(sql nat.db "SELECT count(*), sum(failure IS NULL) FROM attempts
     WHERE endpoint = 'slow'")" "300|300"
check "200 attempts and more are found in the capture" \
  at_least "$(wc -l <both)" 200
check "100 handshakes and more at once" at_least "${at_once%.*}" 100
summary 4 connect_us
check "connect_us follows the wire" below 0.99 "$correlation"
summary 3 kernel_rtt_us
check "kernel_rtt_us: median error below 100 us" below "$median" 100
check "kernel_rtt_us: correlation with the wire above 0.99" \
  below 0.99 "$correlation"
done_testing
