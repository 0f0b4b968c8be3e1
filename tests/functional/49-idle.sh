#!/usr/bin/env bash
#
# natdiff-probe idle against a real NAT that forgets silent connections after
# IDLE_SECONDS: what it finds, beside the gateway's setting.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
need_lab
tap_cleanup() { "$lab" down >/dev/null 2>&1; }
cd "$work" || exit 1

seconds=${IDLE_SECONDS:-15}
# The far end's own limit, well apart from the NAT's.
hold=$((seconds * 3 / 5))
edge=198.51.100.10

refuses() {
  "$probe" idle "$@" >out 2>err
  equals "$? of $*" "2 of $*" && [ ! -s out ] && [ -s err ]
}
ws=wss://witness.lab.test:7443/
control=https://witness.lab.test:7444/
refuses_all() {
  refuses "$ws" --control "$control" &&
    refuses --i-own-this-endpoint --control "$control" &&
    refuses --i-own-this-endpoint "$ws" &&
    refuses --i-own-this-endpoint https://witness.lab.test/ \
      --control "$control" &&
    refuses --i-own-this-endpoint "$ws" --control "$control" --max 5 &&
    refuses --i-own-this-endpoint "$ws" --control "$control" --max 65 &&
    refuses --i-own-this-endpoint "$ws" --control "$control" --shortest 0 &&
    refuses --i-own-this-endpoint "$ws" --control "$control" --longest 5 &&
    refuses --i-own-this-endpoint "$ws" --control "$control" --longest 48h
}
check 'wrong usage is refused with status 2' refuses_all

start_lab --witness on
eval "$("$lab" info | grep -E '^ca=')"

# A NAT that forgets: what belongs to no connection that it knows is dropped,
# or at port 7444 answered with a reset.
# shellcheck disable=SC2016 # for the shell in the lab
"$lab" exec gateway -- sh -c '
  sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established="$1" \
    net.netfilter.nf_conntrack_tcp_loose=0 &&
  nft -f - <<END
  table ip idle {
    chain forgotten {
      type filter hook forward priority -5
      ct state invalid tcp dport 7444 reject with tcp reset
      ct state invalid drop
    }
  }
END' - "$seconds" || echo "Bail out! the gateway takes no settings"

# Far ends that close what is silent, and a control that will fail.
# shellcheck disable=SC2154 # by what the lab says of itself
background "$lab" exec edge -- "$probe" witness --database "$work/closes.db" \
  --certificate "${ca%/*}/ecdsa.pem" --key "${ca%/*}/ecdsa.key" \
  --listen "$edge:7445" --listen "$edge:7446" --hold "${hold}s" >closes.log 2>&1
closer=$!
# wait_until COMMAND...: 20 s at most
wait_until() {
  local i
  for i in $(seq 200); do
    ! "$@" 2>/dev/null || return 0
    sleep 0.1
  done
  echo "not after $i tries: $*" >&2
  return 1
}
wait_until grep -q '^ready' closes.log

# Far ends that speak by themselves: one whose TCP keeps the connections alive,
# one that sends WebSocket pings.
cat >speaks.py <<'END'
import asyncio, base64, hashlib, socket, sys

address = sys.argv[1]

async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except OSError:
        pass
    writer.close()

async def forward(reader, writer):
    s = writer.get_extra_info("socket")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 2)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2)
    to_reader, to_writer = await asyncio.open_connection(address, 7443)
    await asyncio.gather(copy(reader, to_writer), copy(to_reader, writer))

async def ping(writer):
    while not writer.is_closing():
        await asyncio.sleep(2)
        writer.write(b"\x89\x00")

async def websocket(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = [l for l in head.splitlines() if "sec-websocket-key" in l.lower()][0]
    key = key.split(":")[1].strip() + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    writer.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")
        .encode())
    pings = asyncio.create_task(ping(writer))
    try:
        while True:
            kind, size = await reader.readexactly(2)
            mask = await reader.readexactly(4)
            data = await reader.readexactly(size & 127)
            if kind == 0x89:
                data = bytes(b ^ mask[i % 4] for i, b in enumerate(data))
                writer.write(bytes((0x8a, len(data))) + data)
    except (OSError, asyncio.IncompleteReadError):
        pings.cancel()
        writer.close()

async def main():
    await asyncio.start_server(forward, address, 7447)
    await asyncio.start_server(websocket, address, 7448)
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
END
background "$lab" exec edge -- python3 speaks.py "$edge" >speaks.log 2>&1
speaks=$!
wait_until grep -q '^ready' speaks.log

# config HOST PORT CONTROL-PORT: on stdout
config() {
  "$lab" config "$1" --only control --database "$work/$1-$2.db" \
    --interval 1m --endpoint "own=wss://witness.lab.test:$2/" \
    --endpoint "spare=https://witness.lab.test:$3/" \
    --endpoint "plain=ws://witness.lab.test:$2/"
}
# start NAME HOST PORT CONTROL-PORT [OPTION...]: NAME.json and NAME.log
start() {
  local name=$1 host=$2
  config "$host" "$3" "$4" >"$name.yaml"
  shift 4
  background "$lab" exec "$host" -- "$probe" idle --i-own-this-endpoint \
    -c "$name.yaml" --endpoint own --control spare --max 16 \
    --shortest "$((seconds / 3))" --longest "$((seconds * 2))" "$@" \
    >"$name.out" 2>"$name.log"
  pids[$name]=$!
}
declare -A pids status
# All at once: each waits most of its time.
start silent both 7443 7444 --json
start reset both 7444 7443 --json
start closed both 7445 7443 --json
start alone nat 7443 7444
start harm nat 7446 7445 --json
start stopped direct 7443 7444 --json
start kept nat 7447 7444 --json
start spoken nat 7448 7444 --json --endpoint plain
# Beside them what `run` measures, all of which is well.
"$lab" config both --database "$work/attempts.db" >attempts.yaml
background "$lab" exec both -- "$probe" run -c attempts.yaml \
  --slots "$((seconds * 2))" >attempts.log 2>&1
attempts=$!
sleep 3
"$lab" exec gateway -- nft add rule ip idle forgotten tcp dport 7445 \
  ip saddr 10.1.1.2 drop
kill -INT "${pids[stopped]}"
for name in "${!pids[@]}"; do
  wait "${pids[$name]}"
  status[$name]=$?
done
wait "$attempts"
kill "$closer" "$speaks"
wait "$closer" "$speaks" 2>/dev/null

# of NAME PATH KEY: from the JSON line of a path
of() {
  jq -r "select(.path == \"$2\") | .${3/#|/ | }" "$1.out"
}
# limit NAME PATH TRUE: within a tenth, and the true value in the interval
limit() {
  local low best high
  low=$(of "$1" "$2" low)
  best=$(of "$1" "$2" best)
  high=$(of "$1" "$2" high)
  awk -v l="$low" -v b="$best" -v h="$high" -v t="$3" -v n="$1, $2" 'BEGIN {
    printf "# %s: true %.2f s, found %.2f s (%.2f to %.2f)\n", n, t, b / 1e6,
      l / 1e6, h / 1e6
    d = b / 1e6 / t - 1
    exit !(d < 0.1 && d > -0.1 && l / 1e6 <= t * 1.02 && h / 1e6 >= t * 0.98)
  }' | tee -a found >&2
  return "${PIPESTATUS[0]}"
}
differs() {
  echo "got '$1'"
  [ -n "$1" ] && [ "$1" != "$2" ]
}
ends_with() {
  equals "${status[$1]} $(of "$1" nat ended_how)" "$2 $3"
}

for name in silent reset closed; do
  check "$name: ends with status 0, finished" ends_with "$name" 0 finished
done
check 'a NAT that forgets silently: its limit within a tenth' \
  limit silent nat "$seconds"
check 'and that it is silent' equals "$(of silent nat finding)" silent
check 'a NAT that answers with a reset: its limit within a tenth' \
  limit reset nat "$seconds"
check 'and that it resets' equals "$(of reset nat finding)" reset
check 'a far end that closes: its limit within a tenth' \
  limit closed nat "$hold"
check 'which the direct path shows too' limit closed direct "$hold"
check 'and that it is closed by the far end' \
  equals "$(of closed nat finding)" far_end
check 'whose each limit is, by the direct path beside it' equals \
  "$(for i in silent reset closed; do of "$i" nat detail.whose; done |
    xargs)" "nat nat far_end"
check 'the direct path lives through what the NAT does not' equals \
  "$(of silent direct finding) $(($(of silent direct low) / 1000000 > seconds))" \
  'no_limit 1'
check 'advice is below the limit' equals \
  "$(($(of silent nat detail.keepalive_us) * 2 <= seconds * 1000000))" 1
check 'silences were silences' equals \
  "$(jq -s 'map(.detail.far_end_spoke + .detail.far_end_keepalives) | add' \
    silent.out reset.out)" 0
sed -n '/true/p' found

check 'what the far end keeps alive by TCP does not count as alive' equals \
  "$(of kept nat '|[.finding, .detail.lived, .detail.far_end_keepalives > 9]
    | map(tostring) | join(" ")')" 'inconclusive 0 true'
check 'silences that the far end breaks count for what they were' equals \
  "$(of spoken nat '|[.finding, .low <= 3000000, .detail.far_end_spoke > 9]
    | map(tostring) | join(" ")')" 'no_limit true true'

check 'without a direct path it is said that it is not told whose' \
  grep -q 'not told' alone.out
check 'with advice for the interval, in words' \
  grep -qE '^Keep-alive: a WebSocket ping.* every [1-9][0-9]* s' alone.out
check 'both paths are rows of the database' equals \
  "$(sql both-7443.db "SELECT group_concat(kind || ' ' || path || ' ' || role
     || ' ' || ended_how || ' ' || finding || ' ' || (low IS NOT NULL), ', ')
     FROM (SELECT * FROM measurement ORDER BY path)")" \
  'idle direct direct finished no_limit 1, idle nat nat finished silent 1'
check 'the row is what the JSON says' equals \
  "$(sql both-7443.db "SELECT low || ' ' || best || ' ' || high || ' ' ||
     destination FROM measurement WHERE path = 'nat'")" \
  "$(of silent nat low) $(of silent nat best) $(of silent nat high)\
 $(of silent nat destination)"
# cause DATABASE...: the verdict's
cause() { "$report" diff --format json "$@" | jq -r .verdict.cause; }
check 'attempts alone, which are short, do not know of it' differs \
  "$(cause attempts.db)" nat_idle_timeout
check 'with the measurement the verdict names it' equals \
  "$(cause attempts.db both-7443.db)" nat_idle_timeout
check 'when the control fails it stops' equals \
  "${status[harm]} $(of harm nat ended_how)" '1 stopped'
check 'and says so' grep -q "control $edge:7445 does not work" harm.log
check 'Ctrl-C ends it with what is known' equals \
  "${status[stopped]} $(of stopped direct ended_how)" '0 interrupted'
check 'which is stored as well' equals \
  "$(sql direct-7443.db 'SELECT ended_how FROM measurement')" interrupted
check 'no more connections at once than allowed' equals \
  "$(jq -s 'map(select(.detail.opened > 17 * .detail.rounds)) | length' \
    silent.out reset.out closed.out)" 0
done_testing
