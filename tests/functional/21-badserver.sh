#!/usr/bin/env bash
#
# The misbehaving servers misbehave as their names say, seen by curl and by
# python3-websockets: other tests build on that.

set -u
server=$TOP_BUILDDIR/tests/tools/badserver

# Name, curl's exit status, HTTP status; the wait is 1.2 seconds (28: over).
curl_cases='
tcp-silent              28 000
tcp-close               35 000
tcp-reset               (7|35) 000
tcp-garbage             35 000
tls-silent              28 000
tls-close               35 000
tls-reset               35 000
tls-alert               35 000
tls-garbage             35 000
http-ok                 0  200
http-garbage            1  000
http-drip               28 000
http-drip-body          28 200
http-endless-headers    56 200
http-endless-line       27 200
http-endless-status     27 000
http-huge-body          63 200
http-endless-chunks     28 200
http-short-body         18 200
http-silent             28 000
http-eof                52 000
http-cut                52 000
http-reset              56 000
http-redirect           0  302
https-ok                0  200
https-garbage           1  000
https-drip              28 000
https-drip-body         28 200
https-endless-headers   56 200
https-endless-line      27 200
https-endless-status    27 000
https-huge-body         63 200
https-endless-chunks    28 200
https-short-body        18 200
https-silent            28 000
https-eof               52 000
https-cut               52 000
https-reset             56 000
https-redirect          0  302
'
# Name and what the client of python3-websockets makes of it.
ws_cases='
http-ws            ok
http-bad-accept    InvalidHeaderValue
http-no-upgrade    InvalidUpgrade
http-no-pong       no-pong
http-wrong-pong    no-pong
http-no-close      no-close
http-bad-frame     ConnectionClosedError
https-ws           ok
https-bad-accept   InvalidHeaderValue
https-no-upgrade   InvalidUpgrade
https-no-pong      no-pong
https-wrong-pong   no-pong
https-no-close     no-close
https-bad-frame    ConnectionClosedError
'

work=$(mktemp -d "${TMPDIR:-/tmp}/natdiff-badserver.XXXXXX")
trap 'kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
  -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=bad \
  -addext subjectAltName=IP:127.0.0.1 2>/dev/null
"$server" -c "$work/cert.pem" -k "$work/key.pem" >"$work/ports" &
pid=$!
for _ in {1..100}; do
  ! grep -qs "^$" "$work/ports" || break
  sleep 0.05
done

port_of() {
  awk -v n="$1" '$1 == n { print $2 }' "$work/ports"
}

by_curl() {
  local scheme=https
  [[ $1 != http-* ]] || scheme=http
  curl -s -m 3 --http1.1 --cacert "$work/cert.pem" --max-filesize 100000 \
    -o /dev/null -w "%{exitcode} %{http_code}" \
    "$scheme://127.0.0.1:$(port_of "$1")/" >"$work/$1.got"
}

by_websockets() {
  local scheme=wss
  [[ $1 != http-* ]] || scheme=ws
  /usr/bin/python3 - "$scheme://127.0.0.1:$(port_of "$1")/" \
    "$work/cert.pem" >"$work/$1.got" 2>&1 <<'END'
import asyncio, ssl, sys, time, websockets

async def attempt(url, ca):
    context = ssl.create_default_context(cafile=ca) \
        if url.startswith("wss") else None
    ws = await websockets.connect(url, ssl=context, close_timeout=0.5)
    try:
        await asyncio.wait_for(await ws.ping(b"ping"), 1)
    except asyncio.TimeoutError:
        return "no-pong"
    await ws.close()
    return "ok" if ws.close_code == 1000 else "no-close"

try:
    print(asyncio.run(attempt(*sys.argv[1:])))
except websockets.WebSocketException as e:
    print(type(e).__name__)
END
}

# All at once: most of the time is waiting.
total=2
jobs=()
while read -r name _; do
  [ -n "$name" ] || continue
  total=$((total + 1))
  by_curl "$name" &
  jobs+=($!)
done <<<"$curl_cases"
while read -r name _; do
  [ -n "$name" ] || continue
  total=$((total + 1))
  by_websockets "$name" &
  jobs+=($!)
done <<<"$ws_cases"
echo "1..$total"
wait "${jobs[@]}"

n=0
# report NAME WANTED GOT: WANTED is a pattern, for what depends on timing
report() {
  n=$((n + 1))
  if [[ $3 =~ ^($2)$ ]]; then
    echo "ok $n - $1: $2"
  else
    echo "not ok $n - $1: $2"
    echo "# got: $3"
  fi
}
while read -r name code status; do
  [ -z "$name" ] || report "$name" "$code $status" "$(cat "$work/$name.got")"
done <<<"$curl_cases"
while read -r name wanted; do
  [ -z "$name" ] || report "$name" "$wanted" "$(tail -n 1 "$work/$name.got")"
done <<<"$ws_cases"

cases=$(printf '%s\n' "$curl_cases" "$ws_cases" | awk 'NF { print $1 }' | sort)
report "every behaviour has its case" "$(cksum <<<"$cases")" \
  "$(awk 'NF { print $1 }' "$work/ports" | sort | cksum)"
kill -0 "$pid" 2>/dev/null
report "the server is still there" 0 $?
