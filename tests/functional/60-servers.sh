#!/usr/bin/env bash
#
# Handshakes with servers that nobody here wrote: nginx, websockets, openssl
# s_server; with good certificates and with each kind of bad one.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

authority ca
authority stranger
certificate ecdsa DNS:localhost ca ec -days 30
certificate rsa DNS:localhost ca rsa:2048 -days 30
certificate wrong-name DNS:other.example ca ec -days 30
certificate unknown DNS:localhost stranger ec -days 30
certificate expired DNS:localhost ca ec -days 0
# A signature with one bit of another.
openssl x509 -in ecdsa.pem -outform DER -out forged.der
last=$(tail -c 1 forged.der | od -An -tu1)
{
  head -c -1 forged.der
  printf '%b' "\\x$(printf %02x $((last ^ 1)))"
} | openssl x509 -inform DER -out forged.pem
cp ecdsa.key forged.key
# "-days 0" ends now; a second later it is over.
sleep 1.1

read -r p_ec12 p_ec13 p_rsa p_http p_wss p_ws p_wrong p_unknown p_expired \
  p_mutual p_forged < <(free_ports 11)

cat >nginx.conf <<END
$(nginx_main)
  access_log off;
  log_format one '\$connection \$connection_requests \$ssl_session_reused';
  server {
    listen 127.0.0.1:$p_ec12 ssl;
    ssl_protocols TLSv1.2;
    ssl_certificate ecdsa.pem; ssl_certificate_key ecdsa.key;
    location /again { access_log again.log one; return 200 "ok\n"; }
    location / { add_header X-Vendor-Id v-\$request_id; return 200 "ok\n"; }
    location /401 { return 401; }
    location /move { return 302 /; }
  }
  server {
    listen 127.0.0.1:$p_ec13 ssl;
    ssl_protocols TLSv1.3;
    ssl_certificate ecdsa.pem; ssl_certificate_key ecdsa.key;
    location /again { access_log again.log one; return 200 "ok\n"; }
    location / { return 200 "ok\n"; }
  }
  server {
    listen 127.0.0.1:$p_rsa ssl;
    ssl_protocols TLSv1.3;
    ssl_certificate rsa.pem; ssl_certificate_key rsa.key;
    location / { return 200 "ok\n"; }
  }
  server {
    listen 127.0.0.1:$p_http;
    location / { return 204; }
  }
}
END
background nginx -p "$work" -c nginx.conf

cat >ws.py <<END
import asyncio, ssl, websockets
async def echo(ws):
    async for message in ws:
        await ws.send(message)
async def main():
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain("ecdsa.pem", "ecdsa.key")
    async with websockets.serve(echo, "127.0.0.1", $p_wss, ssl=c), \\
               websockets.serve(echo, "127.0.0.1", $p_ws):
        await asyncio.Future()
asyncio.run(main())
END
background /usr/bin/python3 ws.py

# s_server PORT CERTIFICATE [OPTION...]
s_server() {
  local port=$1 cert=$2
  shift 2
  openssl s_server -accept "127.0.0.1:$port" -cert "$cert.pem" \
    -key "$cert.key" -www -quiet "$@" >/dev/null 2>&1
}
background s_server "$p_wrong" wrong-name
background s_server "$p_unknown" unknown
background s_server "$p_expired" expired
background s_server "$p_forged" forged
background s_server "$p_mutual" ecdsa -Verify 1 -verify_return_error

for port in $p_ec12 $p_ec13 $p_rsa $p_http $p_wss $p_ws $p_wrong $p_unknown \
  $p_expired $p_mutual $p_forged; do
  wait_for_port "$port" || exit 1
done

cat >natdiff.yaml <<END
agent: { database: natdiff.db }
paths:
  direct: { role: direct }
endpoints:
  ecdsa12: { url: "https://localhost:$p_ec12/", addresses: [127.0.0.1], ca: ca.pem, record: [x-vendor-id] }
  ecdsa13: { url: "https://localhost:$p_ec13/", addresses: [127.0.0.1], ca: ca.pem }
  rsa: { url: "https://localhost:$p_rsa/", addresses: [127.0.0.1], ca: ca.pem }
  http: { url: "http://localhost:$p_http/", addresses: [127.0.0.1] }
  wss: { url: "wss://localhost:$p_wss/", addresses: [127.0.0.1], ca: ca.pem }
  ws: { url: "ws://127.0.0.1:$p_ws/" }
  unauthorised: { url: "https://localhost:$p_ec12/401", addresses: [127.0.0.1], ca: ca.pem }
  moved: { url: "https://localhost:$p_ec12/move", addresses: [127.0.0.1], ca: ca.pem }
  wss-to-http: { url: "wss://localhost:$p_ec12/401", addresses: [127.0.0.1], ca: ca.pem }
  wrong-name: { url: "https://localhost:$p_wrong/", addresses: [127.0.0.1], ca: ca.pem }
  unknown: { url: "https://localhost:$p_unknown/", addresses: [127.0.0.1], ca: ca.pem }
  expired: { url: "https://localhost:$p_expired/", addresses: [127.0.0.1], ca: ca.pem }
  forged: { url: "https://localhost:$p_forged/", addresses: [127.0.0.1], ca: ca.pem }
  other-ca: { url: "https://localhost:$p_ec12/", addresses: [127.0.0.1], ca: stranger.pem }
  lenient: { url: "https://localhost:$p_unknown/", addresses: [127.0.0.1], ca: ca.pem, verify: no }
  mutual: { url: "https://localhost:$p_mutual/", addresses: [127.0.0.1], ca: ca.pem }
schedule: { interval: 2s, burst: 1 }
timeouts: { dns: 2s, connect: 2s, tls: 2s, request: 2s, done: 2s }
END

if ! HTTPS_PROXY=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 \
  "$probe" run -c natdiff.yaml --once --json >attempts.jsonl 2>run.err; then
  sed 's/^/# /' run.err
fi

# is ENDPOINT FILTER VALUE: what jq says of the endpoint's attempt
is() {
  equals "$(jq -r "select(.endpoint == \"$1\") | $2" attempts.jsonl)" "$3"
}

check "every endpoint has its attempt" equals "$(wc -l <attempts.jsonl)" 16
check "TLS 1.2, ECDSA" is ecdsa12 '"\(.failure) \(.tls_version) \(.http_status)"' "null TLSv1.2 200"
check "TLS 1.3, ECDSA" is ecdsa13 '"\(.failure) \(.tls_version) \(.http_status)"' "null TLSv1.3 200"
check "TLS 1.3, RSA" is rsa '"\(.failure) \(.tls_version) \(.http_status)"' "null TLSv1.3 200"
check "plain HTTP has no TLS phase" is http '"\(.failure) \(.tls_us) \(.http_status)"' "null null 204"
check "WSS: upgrade, ping, close" is wss '"\(.failure) \(.http_status) \(.ws_ping_us > 0)"' "null 101 true"
check "WS: upgrade, ping, close" is ws '"\(.failure) \(.tls_us) \(.ws_ping_us > 0)"' "null null true"
check "401 is reached" is unauthorised '"\(.failure) \(.http_status)"' "null 401"
check "a redirect is not followed" is moved '"\(.failure) \(.http_status)"' "null 302"
check "401 to an upgrade is reached" is wss-to-http '"\(.failure) \(.http_status) \(.ws_ping_us)"' "null 401 null"
check "certificate for another name" is wrong-name '"\(.failure) \(.failed_phase) \(.request_us)"' "ssl_invalid_hostname tls null"
check "certificate of an unknown authority" is unknown '"\(.failure) \(.failed_phase) \(.cert_verify != 0)"' "ssl_unknown_authority tls true"
check "expired certificate" is expired '"\(.failure) \(.failed_phase)"' "ssl_invalid_certificate tls"
check "forged certificate" is forged '"\(.failure) \(.failed_phase)"' "ssl_invalid_certificate tls"
check "each endpoint is judged by its own authorities" is other-ca '"\(.failure) \(.failed_phase)"' "ssl_unknown_authority tls"
check "verify: no records what it does not refuse" is lenient '"\(.failure) \(.http_status) \(.cert_verify != 0)"' "null 200 true"
check "a server that wants a client certificate" is mutual '.failure' ssl_failed_handshake
check "the certificate's digest is openssl's" is ecdsa12 .cert_sha256 \
  "$(openssl x509 -in ecdsa.pem -outform DER | sha256sum | cut -d' ' -f1)"
check "the vendor's request id is kept" contains \
  "$(jq -r 'select(.endpoint == "ecdsa12") | .response_headers[0] | "\(.name): \(.value)"' attempts.jsonl)" "X-Vendor-Id: v-"
check "phases add up to the total" equals \
  "$(jq '[.connect_us, .tls_us, .request_us, .done_us, .other_us] as $p
    | select(($p | map(. // 0) | add) != .total_us or ($p | map(. // 0) | min) < 0)
    | .endpoint' attempts.jsonl)" ""
check "a connect without retransmits takes the kernel's time" equals \
  "$(jq 'select(.failure == null and .syn_retransmits == 0 and .connect_us != .kernel_rtt_us) | .endpoint' attempts.jsonl)" ""
check "the database holds what was printed" equals \
  "$(sql natdiff.db 'SELECT attempt_id FROM attempts ORDER BY 1')" \
  "$(jq -r .attempt_id attempts.jsonl | sort)"
check "the run says how it ended" equals \
  "$(sql natdiff.db 'SELECT planned, fired, ended_how, lost_rows FROM run')" "16|16|finished|0"
# By name, which may stand for ::1, too, where nobody listens.
cat >named.yaml <<END
agent: { database: named.db }
paths: { direct: { role: direct } }
endpoints:
  https: { url: "https://localhost:$p_ec13/", ca: ca.pem }
  http: { url: "http://localhost:$p_http/" }
END
"$probe" run -c named.yaml --once 2>named.err || sed 's/^/# /' named.err
check "the name was resolved once an endpoint" equals \
  "$(sql named.db "SELECT count(*), count(DISTINCT endpoint_id),
     min(instr(addresses, '127.0.0.1') > 0) FROM resolution")" "2|2|1"
check "and its address answered both" equals \
  "$(sql named.db "SELECT group_concat(http_status) FROM (SELECT http_status
     FROM attempts WHERE target_address = '127.0.0.1' ORDER BY http_status)")" "200,204"

# The same endpoints again and again: nothing is shared between attempts.
cat >again.yaml <<END
agent: { database: again.db }
paths: { direct: { role: direct } }
endpoints:
  tls12: { url: "https://localhost:$p_ec12/again", addresses: [127.0.0.1], ca: ca.pem }
  tls13: { url: "https://localhost:$p_ec13/again", addresses: [127.0.0.1], ca: ca.pem }
schedule: { interval: 1s, burst: 6, port-budget: 100000 }
timeouts: { dns: 1s, connect: 2s, tls: 2s, request: 2s, done: 2s }
END
"$probe" run -c again.yaml --slots 2 2>again.err || sed 's/^/# /' again.err
kill -USR1 "$(cat nginx.pid)" # so that the log is complete
check "each attempt is a request" equals "$(wc -l <again.log)" \
  "$(sql again.db 'SELECT count(*) FROM attempt WHERE failure IS NULL')"
check "the first of its connection" equals \
  "$(cut -d' ' -f2 again.log | sort -u) $(cut -d' ' -f1 again.log | sort -u | wc -l)" \
  "1 $(wc -l <again.log)"
check "with a TLS session of its own" equals \
  "$(cut -d' ' -f3 again.log | sort -u)" .
check "and all were fired" at_least "$(wc -l <again.log)" 20
done_testing
