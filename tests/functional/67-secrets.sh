#!/usr/bin/env bash
#
# Secrets of the configuration reach the server, and nothing else: not the
# database, not what is printed.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

authority ca
certificate server DNS:localhost ca ec -days 30
read -r https ws closed < <(free_ports 3)

cat >nginx.conf <<END
$(nginx_main)
  log_format secrets '\$uri|\$http_authorization|\$http_x_token|\$http_x_plain';
  access_log access.log secrets;
  server {
    listen 127.0.0.1:$https ssl;
    ssl_certificate server.pem; ssl_certificate_key server.key;
    location / { return 401; }
  }
}
END
background nginx -p "$work" -c nginx.conf

# A WebSocket server that logs what it is asked with.
cat >ws.py <<END
import asyncio, websockets
async def echo(ws):
    with open("ws.log", "a") as log:
        log.write(ws.request_headers.get("Authorization", "") + "|" +
                  ws.request_headers.get("X-Token", "") + "\n")
    async for message in ws:
        await ws.send(message)
async def main():
    async with websockets.serve(echo, "127.0.0.1", $ws):
        await asyncio.Future()
asyncio.run(main())
END
background /usr/bin/python3 ws.py
wait_for_port "$https" && wait_for_port "$ws" || exit 1

environment=e$(openssl rand -hex 16)
file=f$(openssl rand -hex 16)
plain=p$(openssl rand -hex 16)
echo "X-Token: $file" >token
echo "$file" >value
chmod 600 token value
cat >natdiff.yaml <<END
agent: { database: natdiff.db }
paths: { direct: { role: direct } }
endpoints:
  https:
    url: "https://localhost:$https/"
    ca: ca.pem
    headers: [ "Authorization: Token \${API_KEY}", "file:$work/token", "X-Plain: $plain" ]
  ws:
    url: "ws://127.0.0.1:$ws/"
    headers: [ "Authorization: Token \${API_KEY}", "X-Token: file:$work/value" ]
  closed:
    url: "https://127.0.0.1:$closed/"
    headers: [ "Authorization: Token \${API_KEY}", "file:$work/token" ]
schedule: { interval: 1s, burst: 1 }
timeouts: { dns: 1s, connect: 1s, tls: 1s, request: 1s, done: 1s }
END
export API_KEY=$environment

# silent NAME FILE...: they say something, but no secret
silent() {
  local found
  at_least "$(cat "$@" | wc -c)" 1 || return 1
  found=$(grep -aFl -e "$environment" -e "$file" -e "$plain" "$@")
  equals "$found" ""
}

background "$probe" run -c natdiff.yaml --json >run.out 2>run.err
run=$!
for _ in {1..100}; do
  [ "$(wc -l <run.out)" -lt 6 ] || break
  sleep 0.05
done
sleep 0.4
cat natdiff.db-wal natdiff.db-shm >while-it-runs
kill -INT $run
wait $run
check "a run" equals $? 0
check "each endpoint has its attempt" \
  equals "$(jq -r .endpoint run.out | sort -u | paste -sd' ')" "closed https ws"
check "the server was told the secrets" equals "$(sort -u access.log)" \
  "/|Token $environment|$file|$plain"
check "and so was the other" equals "$(sort -u ws.log)" \
  "Token $environment|$file"
check "--json does not tell them" silent run.out
check "nor do messages" silent run.err
check "nor does the database" silent natdiff.db
check "nor its log, while it is written" silent while-it-runs

"$probe" check -c natdiff.yaml >check.out 2>&1
check "nor does check" silent check.out
"$probe" check -c natdiff.yaml --json >check.json 2>&1
check "nor check --json" silent check.json

# wrong NAME MESSAGE: the configuration is refused with a message of that sort
# that says nothing of the secrets
wrong() {
  local status
  "$probe" run -c natdiff.yaml --once >wrong.out 2>&1
  status=$?
  equals "$status" 2 && contains "$(cat wrong.out)" "$1" && silent wrong.out
}
API_KEY=$environment$'\n'Next:
check "a value of two lines is refused unseen" wrong "header"
unset API_KEY
check "a variable that is not set is named" \
  wrong "environment variable API_KEY is not set"
export API_KEY=$environment
printf '%s\n' "X-Token $file" >token
check "a file that holds no header is refused unseen" wrong "$work/token"
chmod 644 token
printf '%s\n' "X-Token: $file" "X-Other: $plain" >token
check "a file of two lines is refused unseen" wrong "$work/token"
rm token
check "a file that is not there is named" wrong "$work/token"
sed "s|headers: .*X-Plain: \(.*\)\" \]|headers: \"X-Plain \1|" natdiff.yaml \
  >broken.yaml
"$probe" check -c broken.yaml >broken.out 2>&1
check "broken YAML is refused" equals $? 2
check "unseen" silent broken.out
done_testing
