#!/usr/bin/env bash
#
# The witness: real clients of several kinds get their address and are
# recorded, also while they are held; clients that mean harm cost bounded time
# and memory; strangers are kept out; it starts and ends cleanly.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1
crowd=$tools/crowd
witness=

# start OPTION...: on a port of 127.0.0.1 and one of all addresses
start() {
  local i
  rm -f ready
  background "$probe" witness --database w.db --listen 127.0.0.1:0 \
    --listen 127.0.0.1:0 "$@" >ready 2>log
  witness=$!
  for i in $(seq 200); do
    ! grep -q '^ready' ready || break
    sleep 0.05
  done
  port=$(sed -n 's,^ready: https://127.0.0.1:\([0-9]*\) .*,\1,p' ready)
  port2=$(sed -n 's,^ready: [^ ]* https://127.0.0.1:\([0-9]*\) .*,\1,p' ready)
}
# check runs what it is given in a shell of its own, which knows no port
# that start found and cannot wait
is_ready() {
  [ -n "$port2" ] || {
    cat ready log
    return 1
  }
}
# finish SIGNAL: its status is in $status
finish() {
  kill "-$1" "$witness"
  wait "$witness" 2>/dev/null
  status=$?
}
# soon COMMAND...: within 20 s it is so
soon() {
  local i
  for i in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  "$@"
}
# arrivals N CONDITION: there are so many
arrivals() {
  equals "$(sql w.db "SELECT count(*) FROM witness_arrival WHERE $2")" "$1"
}
# until_end FIFO COMMAND...: in the background, its input ending with the FIFO's
until_end() {
  local fifo=$1
  shift
  # shellcheck disable=SC2016 # for that shell
  background bash -c 'fifo=$1; shift; exec "$@" <"$fifo"' - "$fifo" "$@"
}
get() { curl -sS --max-time 20 --cacert w.db.crt "$@"; }

# ----------------------------------------------------------------- usage

refuses() {
  "$probe" witness --database no.db "$@" >out 2>err
  equals "$? of $*" "2 of $*" && [ ! -s out ] && [ -s err ] && [ ! -e no.db ]
}
refuses_all() {
  refuses --listen 8443 && refuses --listen host:1 && refuses --name 'a,b' &&
    refuses --max-connections 0 && refuses --max-connections 9999999 &&
    refuses --hold 0 && refuses --retain x && refuses --certificate a.pem &&
    refuses --key a.key && refuses --nonsense && refuses argument
}
check 'wrong usage is refused with status 2' refuses_all
fails() {
  local says=$1
  shift
  "$probe" witness --database no.db --listen 127.0.0.1:0 "$@" >out 2>err
  equals "$?" 1 && contains "$(cat err)" "$says" && equals "$(wc -l <err)" 1
}
fails_all() {
  local free
  free=$(free_ports 1)
  fails 'cannot listen' --listen "127.0.0.1:$free" \
    --listen "127.0.0.1:$free" &&
    fails 'no-such.pem: cannot open' --certificate no-such.pem --key no-such.key &&
    fails "$0: no certificate in it, expected PEM" --certificate "$0" --key "$0" &&
    fails 'no such user' --user nobody-of-this-name &&
    fails 'cannot open' --shared-key no-such
}
check 'what cannot work is told in one line, status 1' fails_all
descriptors() {
  (ulimit -Hn 200 && fails 'needs 5100 file descriptors' \
    --max-connections 5000)
}
if [ "$(id -u)" -ne 0 ]; then
  check 'more connections than descriptors are refused' descriptors
else
  skip 'more connections than descriptors are refused' 'root may raise the limit'
fi

fails_other_name() {
  "$probe" witness --database w.db --listen 127.0.0.1:0 \
    --name other.example >out 2>err
  equals "$?" 1 && contains "$(cat err)" 'no certificate for other.example'
}

# --------------------------------------------------------------- clients

start --name localhost --name 127.0.0.1
check 'it starts, with ports that the kernel chose' is_ready
check 'its key is for nobody else' equals "$(stat -c %a w.db.key)" 600
check 'so is the database' equals "$(stat -c %a w.db)" 600
second() {
  "$probe" witness --database w.db --listen 127.0.0.1:0 >out 2>err
  equals "$?" 75 && contains "$(cat err)" "$witness"
}
check 'a second one on the same database: status 75' second

body() {
  local local_port
  local_port=$(get -o body -D headers.txt -w '%{local_port}' "https://127.0.0.1:$port/")
  contains "$(cat body)" "\"observed\": \"127.0.0.1:$local_port\"" &&
    contains "$(tr -d '\r' <headers.txt)" "X-Observed-Source: 127.0.0.1:$local_port" &&
    /usr/bin/python3 -c 'import json, sys; json.load(sys.stdin)' <body &&
    soon arrivals 1 "observed_port = $local_port AND listen_port = $port
      AND reached = 'request' AND http_status = 200 AND ended_how = 'closed'
      AND accepted_at <= client_hello_at AND client_hello_at <= handshake_at
      AND handshake_at <= request_at AND request_at <= ended_at"
}
check 'curl is told its address, and recorded' body
same_connection() {
  get "https://localhost:$port2/[1-3]" >body && equals "$(wc -l <body)" 3 &&
    equals "$(cut -d, -f1 body | sort -u | wc -l)" 1 &&
    soon arrivals 1 "requests = 3 AND listen_port = $port2"
}
check 'several requests may use one connection' same_connection
id=00112233445566778899aabbccddeeff
attempt_id() {
  get -o /dev/null -H "X-Request-Id: $id" "https://127.0.0.1:$port/" &&
    soon arrivals 1 "hex(attempt_id) = upper('$id')"
}
check 'an attempt is known by its id' attempt_id
no_body() {
  equals "$(get -o /dev/null -w '%{http_code}' -d x=y "https://127.0.0.1:$port/")" 405 &&
    equals "$(get -I -o /dev/null -w '%{http_code}' "https://127.0.0.1:$port/")" 200
}
check 'it takes GET and HEAD only' no_body
old_tls() {
  openssl s_client -connect "127.0.0.1:$port" -CAfile w.db.crt \
    -verify_return_error "-$1" </dev/null >out 2>&1
}
check 'openssl trusts it, with TLS 1.2' old_tls tls1_2
check 'and with TLS 1.3' old_tls tls1_3

cat >client.py <<'END'
import asyncio, ssl, sys, websockets
async def main(port):
    context = ssl.create_default_context(cafile="w.db.crt")
    url = "wss://localhost:%s/any" % port
    async with websockets.connect(url, ssl=context) as ws:
        for message in ("text \u00fc", b"", b"x" * 8192, "y" * 5000):
            await ws.send(message)
            assert await ws.recv() == message
        await asyncio.wait_for(await ws.ping(b"abc"), 20)
        await ws.send(["in ", "three ", "parts"])
        assert await ws.recv() == "in three parts"
    assert ws.close_code == 1000, ws.close_code
    async with websockets.connect(url, ssl=context) as ws:
        await ws.send(b"x" * 8193)
        try:
            await ws.recv()
        except websockets.ConnectionClosed:
            pass
    assert ws.close_code == 1009, ws.close_code
    async with websockets.connect(url, ssl=context) as ws:
        print("held", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        try:
            await asyncio.wait_for(ws.recv(), 20)
        except websockets.ConnectionClosed:
            pass
    assert ws.close_code == 1001, ws.close_code
    print("told", flush=True)
asyncio.run(main(sys.argv[1]))
END
mkfifo hold
until_end hold /usr/bin/python3 client.py "$port" >client.out 2>client.err
client=$!
exec 7>hold
check 'a WebSocket client of another make is echoed, ponged and closed' \
  soon grep -q held client.out
check 'a message too large ends with 1009' \
  soon arrivals 1 "reached = 'upgrade' AND ended_how = 'broken'"
check 'a held connection has its row at once' \
  soon arrivals 1 "reached = 'upgrade' AND ended_at IS NULL"

cat >probe.yaml <<END
agent: { database: $work/probe.db }
paths:
  direct: { role: direct }
endpoints:
  ws: { url: "wss://127.0.0.1:$port2/", ca: $work/w.db.crt }
witness: { url: "https://127.0.0.1:$port/", ca: $work/w.db.crt }
schedule: { interval: 2s, port-budget: 1000 }
timeouts: { dns: 2s, connect: 5s, tls: 5s, request: 5s, done: 5s }
END
"$probe" run -c probe.yaml --once >run.log 2>&1
check 'our own attempts succeed' equals "$(sql probe.db \
  'SELECT count(*), count(failure) FROM attempt')" '2|0'
matched() {
  equals "$(sqlite3 probe.db "ATTACH 'w.db' AS w;
    SELECT a.endpoint, w.reached, w.listen_port, w.ended_how,
      w.observed_port = a.local_port, a.observed_port IS a.local_port
    FROM attempts a JOIN w.witness_arrival w
      ON lower(hex(w.attempt_id)) = a.attempt_id ORDER BY 1")" \
    "witness|request|$port|closed|1|1
ws|upgrade|$port2|closed|1|0"
}
check 'and are found by their ids, with the address seen' soon matched

# ----------------------------------------------------------------- abuse

bad() {
  { printf '%b' "$1"; sleep 1; } | timeout 20 openssl s_client -quiet \
    -connect "127.0.0.1:$port2" >out 2>/dev/null
  contains "$(head -n 1 out)" "$2"
}
bad_all() {
  bad 'SSH-2.0-x\r\n' 400 && bad 'GET / HTTP/3.0\r\n\r\n' 505 &&
    bad 'GET / HTTP/1.1\r\nno colon\r\n\r\n' 400 &&
    bad 'GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc' 413
}
check 'bad requests are answered and ended' bad_all
# At once, so that the 10 s that each of them is given pass together.  They
# end when standard input does.
mkfifo end
for mode in silent half headers garbage pings messages; do
  until_end end "$crowd" -n 100 -m $mode 127.0.0.1 "$port" >$mode.out
done
exec 8>end
serves_meanwhile() {
  local mode
  for mode in silent half headers garbage pings messages; do
    soon grep -q '^100 up' $mode.out || return 1
  done
  get -o /dev/null "https://127.0.0.1:$port/"
}
check 'others are served while 600 connections mean harm' serves_meanwhile
check 'who says nothing, or half a ClientHello, is ended in time' soon arrivals 200 \
  "reached = 'accept' AND ended_how = 'timeout'
    AND ended_at - accepted_at > 9500000"
check 'endless headers are no request' soon arrivals 100 \
  "reached = 'hello' AND ended_how = 'broken' AND requests IS NULL
    AND listen_port = $port"
check 'garbage is seen at once' soon arrivals 100 \
  "reached = 'accept' AND ended_how = 'broken'"
check 'who pings and sends but never reads is merely held' soon arrivals 200 \
  "reached = 'upgrade' AND ended_at IS NULL AND accepted_at >
    (SELECT max(accepted_at) FROM witness_arrival WHERE ended_how = 'closed'
      AND reached = 'upgrade')"
small() {
  local kib
  kib=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$witness/status")
  at_least 120000 "$kib"
}
if nm "$probe" 2>/dev/null | grep -q __asan_init; then
  skip 'memory stays small' 'the sanitizer has its own'
else
  check 'memory stays small' small
fi
exec 8>&-
check 'they are gone when they close' soon arrivals 1 'ended_at IS NULL'

# ----------------------------------------------------------- end, restart

exec 7>&-
finish TERM
check 'SIGTERM ends it' equals "$status" 0
check 'held clients were told' soon grep -q told client.out
wait "$client"
check 'and went well' equals "$?:$(cat client.err)" 0:
check 'it says what it saw' matches "$(tail -n 1 ready)" \
  '^[0-9]+ connections: [0-9]+ began TLS, [0-9]+ sent a request'
check 'everything has its end' arrivals 0 'ended_at IS NULL'
check 'the run has its own' equals "$(sql w.db \
  "SELECT count(*), count(ended_at), sum(lost_rows) FROM witness_run")" '1|1|0'
cp w.db.crt before.crt
start --name localhost --max-connections 20
check 'it starts again' is_ready
check 'with the same certificate' cmp w.db.crt before.crt
mkfifo end2
until_end end2 "$crowd" -n 20 127.0.0.1 "$port" >full.out
exec 8>end2
full() {
  soon grep -q '^20 up' full.out && ! get -o /dev/null "https://127.0.0.1:$port/" 2>/dev/null &&
    soon arrivals 1 "witness_run_id = 2 AND ended_how = 'refused'
      AND reached = 'accept'"
}
check 'one more than it may hold is refused, and recorded' full
exec 8>&-
check 'with room again it serves' soon get -o /dev/null \
  "https://127.0.0.1:$port/"
finish KILL
check 'SIGKILL ends it, too' equals "$status" 137
check 'the database is well' equals "$(sql w.db 'PRAGMA integrity_check')" ok
check 'a name that the certificate lacks is told' fails_other_name
printf 'a secret of ours\n' >shared
chmod 600 shared
start --name localhost --shared-key shared --hold 1s
check 'with a shared key it starts' is_ready
code() { get -o /dev/null -w '%{http_code}' "$@"; }
admits() {
  equals "$(code "https://127.0.0.1:$port/")" 403 &&
    equals "$(code "https://127.0.0.1:$port/?key=a")" 403 &&
    equals "$(code -H 'X-Natdiff-Key: a secret of our' \
      "https://127.0.0.1:$port/")" 403 &&
    equals "$(code -H 'X-Natdiff-Key: a secret of ours' \
      "https://127.0.0.1:$port/")" 200
}
check 'strangers get 403, others what they ask for' admits
check 'and strangers are recorded as such' soon arrivals 3 \
  "witness_run_id = 3 AND http_status = 403 AND ended_how = 'refused'"
cat >probe2.yaml <<END
agent: { database: $work/probe2.db }
paths:
  direct: { role: direct }
endpoints:
  ws:
    url: wss://127.0.0.1:$port/
    ca: $work/w.db.crt
    headers: [ "X-Natdiff-Key: file:$work/shared" ]
schedule: { interval: 2s, port-budget: 1000 }
timeouts: { dns: 2s, connect: 5s, tls: 5s, request: 5s, done: 5s }
END
with_key() {
  "$probe" run -c probe2.yaml --once &&
    equals "$(sql probe2.db 'SELECT http_status FROM attempt')" 101
}
check 'our own probe has the key' with_key
cat >quiet.py <<'END'
import asyncio, ssl, sys, websockets
async def main(port):
    context = ssl.create_default_context(cafile="w.db.crt")
    async with websockets.connect("wss://localhost:%s/" % port, ssl=context,
            extra_headers={"X-Natdiff-Key": "a secret of ours"}) as ws:
        try:
            await asyncio.wait_for(ws.recv(), 20)
        except websockets.ConnectionClosed:
            print("ended")
asyncio.run(main(sys.argv[1]))
END
quiet() {
  equals "$(/usr/bin/python3 quiet.py "$port")" ended &&
    soon arrivals 1 "witness_run_id = 3 AND ended_how = 'timeout'
      AND reached = 'upgrade' AND ended_at - accepted_at > 900000"
}
check 'a WebSocket silent for longer than --hold is ended' quiet
finish INT
check 'SIGINT ends it' equals "$status" 0
# Only root may become somebody else.
if [ "$(id -u)" -eq 0 ]; then
  chmod 711 .
  mkdir own
  chown nobody own
  chmod 600 shared
  background "$probe" witness --database own/w.db --listen 127.0.0.1:0 \
    --user nobody --shared-key shared >ready 2>log
  witness=$!
  unprivileged() {
    local user
    user=$(id -u nobody)
    soon grep -q '^ready' ready &&
      equals "$(sed -n 's/^[UG]id:\t//p' "/proc/$witness/status" | xargs)" \
        "$(yes "$user" | head -n 4 | xargs) $(yes "$(id -g nobody)" |
          head -n 4 | xargs)" &&
      equals "$(stat -c '%u %a' own/w.db own/w.db.key | xargs)" \
        "$user 600 $user 600"
  }
  check 'as another user it serves, reads secrets first and owns the rest' \
    unprivileged
  finish TERM
  check 'and ends' equals "$status" 0
else
  skip 'as another user it serves, reads secrets first and owns the rest' \
    'for root only'
fi
check 'the key is nowhere in the database' \
  equals "$(grep -c 'a secret of ours' w.db ready log)" "w.db:0
ready:0
log:0"
done_testing
