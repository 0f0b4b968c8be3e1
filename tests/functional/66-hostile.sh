#!/usr/bin/env bash
#
# Servers that misbehave, each in one way: each gives its failure, in its
# phase, within its time limit.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
  -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
background "$tools/badserver" -c cert.pem -k key.pem >ports
for _ in $(seq 100); do
  grep -q '^$' ports && break
  sleep 0.1
done

port() { awk -v name="$1" '$1 == name { print $2 }' ports; }

# SERVER SCHEME FAILURE PHASE [http_status]: what each must give
cat >expected <<'END'
tcp-silent https tls_timeout tls -
tcp-close https tls_eof tls -
tcp-reset https * * -
tcp-garbage https ssl_failed_handshake tls -
tcp-silent wss tls_timeout tls -
tls-silent https tls_timeout tls -
tls-close https tls_eof tls -
tls-reset https tls_reset tls -
tls-reset wss tls_reset tls -
tls-alert https ssl_failed_handshake tls -
tls-garbage https ssl_failed_handshake tls -
tcp-silent http request_timeout request -
tcp-close http request_eof request -
http-ok http - - 200
https-ok https - - 200
http-garbage http http_bad_response request -
https-garbage https http_bad_response request -
http-garbage ws http_bad_response request -
https-garbage wss http_bad_response request -
http-drip http request_timeout request -
https-drip wss request_timeout request -
http-drip-body http request_timeout done 200
http-endless-headers http http_bad_response done 200
https-endless-headers https http_bad_response done 200
http-endless-headers ws http_bad_response request -
http-endless-line http http_bad_response * 200
https-endless-line wss http_bad_response request -
http-endless-status http http_bad_response * -
https-huge-body https - - 200
http-endless-chunks http - - 200
http-short-body http request_eof done 200
https-silent https request_timeout request -
http-silent ws request_timeout request -
http-eof http request_eof request -
https-eof https request_eof request -
https-eof wss request_eof request -
http-reset http request_reset request -
https-reset https request_reset request -
https-reset wss request_reset request -
http-redirect http - - 302
https-redirect wss - - 302
http-ws ws - - 101
https-ws wss - - 101
http-bad-accept ws websocket_bad_accept request 101
https-bad-accept wss websocket_bad_accept request 101
https-no-upgrade wss websocket_bad_handshake request 101
https-no-pong wss websocket_pong_timeout done 101
http-wrong-pong ws websocket_pong_timeout done 101
https-no-close wss websocket_close_timeout done 101
http-bad-frame ws unknown_failure done 101
END

{
  cat <<'END'
agent: { database: natdiff.db }
paths: { direct: { role: direct } }
schedule: { interval: 2s, burst: 1 }
timeouts: { dns: 1s, connect: 1s, tls: 1s, request: 1s, done: 1s }
endpoints:
END
  n=0
  while read -r server scheme _; do
    n=$((n + 1))
    echo "  e$n: { url: \"$scheme://localhost:$(port "$server")/\", addresses: [127.0.0.1]$(
      case $scheme in *s) [ "$scheme" = ws ] || echo ", ca: cert.pem" ;; esac) }"
  done <expected
} >natdiff.yaml

SECONDS=0
"$probe" run -c natdiff.yaml --once --json >attempts.jsonl 2>run.err ||
  sed 's/^/# /' run.err
took=$SECONDS

n=0
while read -r server scheme failure phase status; do
  n=$((n + 1))
  got=$(jq -r "select(.endpoint == \"e$n\") |
    [.failure // \"-\", .failed_phase // \"-\", .http_status // \"-\"] |
    join(\" \")" attempts.jsonl)
  [ "$phase" != '*' ] || phase=$(cut -d' ' -f2 <<<"$got")
  # A reset may be there before we look at the connect.
  if [ "$server" = tcp-reset ]; then
    failure=tls_reset
    [ "$phase" = tls ] || failure=connection_reset
  fi
  check "$server by $scheme: $failure" equals "$got" "$failure $phase $status"
done <expected

check "a phase that timed out took its time, not more" equals "$(
  jq -r 'select((.failure // "") | endswith("timeout")) |
    {phase: .failed_phase, us: {connect: .connect_us, tls: .tls_us,
      request: .request_us, done: .done_us}[.failed_phase]} |
    select(.us < 1000000 or .us > 1500000) | "\(.phase) \(.us)"' attempts.jsonl)" ""
check "all of them within the sum of the limits" at_least 9 "$took"
check "at most 64 KiB of a body are read, and a buffer more" equals "$(
  jq 'select(.bytes_in > 64 * 1024 + 32 * 1024) | .endpoint' attempts.jsonl)" ""
done_testing
