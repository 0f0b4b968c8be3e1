#!/usr/bin/env bash
#
# natdiff-report size: what traffic needs at each provider, from given numbers
# and from censuses, against arithmetic by hand; bad numbers; other limits.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

# database FILE [SQL]: the two hosts' censuses, changed by SQL
database() {
  { cat "$TOP_SRCDIR/tests/data/size/census.sql" && echo "${2:-}"; } | "$tools/make_database" "$1"
}
database nat.db

refuses() {
  local status=$1 text=$2 got
  shift 2
  "$report" size "$@" >out 2>err
  got=$?
  equals "$got" "$status" && contains "$(head -1 err)" "$text" && equals "$(cat out)" ""
}

# size FILTER OPTION...: a value of the JSON
size() {
  local filter=$1
  shift
  "$report" size --json "$@" >out.json && jq -c "$filter" out.json
}

given=(--concurrent 1200 --rate 20 --hosts 4)
answer='.providers[0] | [.ports, .ports_per_host, .addresses]'

# (1200 + 20/s x 120 s) x 1.25, and (300 + 5/s x 120 s) x 1.25 a host
check "gcp: ports, power of two per VM, addresses" equals \
  "$(size "$answer" "${given[@]}" --provider gcp)" '[4500,2048,1]'
check "azure: with its own hold-down of 65 s" equals \
  "$(size "$answer" "${given[@]}" --provider azure)" '[3125,null,1]'
check "azure-lb: ports of an instance" equals \
  "$(size "$answer" "${given[@]}" --provider azure-lb)" '[4500,1128,1]'
check "aws: addresses, 90000 / 55000" equals \
  "$(size "$answer" --concurrent 60000 --rate 100 --provider aws)" '[90000,null,2]'
check "linux: 4500 ports are 89 % of the range" equals \
  "$(size "$answer" "${given[@]}" --provider linux)" '[5057,null,1]'
check "a box whose ports serve one destination at a time" equals \
  "$(size "$answer" --concurrent 1000 --rate 1 --hold-down 0 --destinations 100 --provider asa)" '[1250,null,2]'
check "every provider has a plan" equals \
  "$(size '[.providers[].provider] | join(" ")' "${given[@]}" --provider all)" \
  '"gcp aws azure azure-lb linux asa fortigate panos"'
check "what is assumed is called so" matches \
  "$("$report" size "${given[@]}" --provider aws)" 'aws +4500 +- +1 +120 s, assumed'
check "five providers where none is named" equals \
  "$(size '.providers | length' "${given[@]}")" 5
check "a life in place of a rate" equals \
  "$(size "$answer" --concurrent 1200 --life 60s --hosts 4 --provider gcp)" '[4500,2048,1]'
check "a given hold-down, no head-room" equals \
  "$(size "$answer" "${given[@]}" --provider azure --hold-down 10s --head-room 0)" '[1400,null,1]'
check "what reuse saves" equals \
  "$(size '.providers[0].changes[] | select(.change == "reuse") | [.ports, .ports_per_host]' \
    "${given[@]}" --provider gcp)" '[1500,512]'
check "every limit has a source and a date" equals \
  "$(size '[.providers[].steps[].limit | select(. != null) | .source | test("\\((read )?[0-9]{4}")] | all' \
    "${given[@]}" --provider all)" true

# The census: worker1 has 120 at once, 60 sockets in TIME_WAIT / 60 s; worker2
# 20.  (140 + 1/s x 30 s) x 1.25 = 212.5; (120 + 30) x 1.25 = 187.5 on worker1.
check "what the censuses say, at the configured provider" equals \
  "$(size '[.traffic.destination, .traffic.connections, .traffic.new_per_second, .traffic.hosts,
    .providers[0].provider, .providers[0].hold_down.us, .providers[0].hold_down.origin,
    .providers[0].ports, .providers[0].ports_per_host]' nat.db)" \
  '["203.0.113.10:443",140,1,2,"gcp",30000000,"configured",213,256]'
check "hosts that have no agent" equals \
  "$(size '[.traffic.connections, .providers[0].addresses]' --hosts 600 nat.db)" '[42000,3]'
# 11 connects failed; in 10 of them the host wanted 120 + 30 of 64 ports.
check "failures that a larger pool would have prevented" equals \
  "$(size '[.failures.seen, .failures.at_full_pool, .failures.pool_ports, .failures.pool_origin,
    .providers[0].failures_prevented]' nat.db)" '[11,10,64,"configured",10]'
check "the text says it, too" contains \
  "$("$report" size nat.db | tr -s ' \n' ' ')" 'With 256 ports per host (gcp), 10 of the 11 failures seen would not have happened'
check "and what there is now" contains "$("$report" size nat.db | tr -s ' \n' ' ')" \
  'Now a host has 64 ports to one destination (configured), and at the peak 150 were wanted, without head-room: too few.'
database unknown.db "UPDATE run SET gateway = NULL;"
check "an unknown pool: no claim" equals \
  "$(size '[.failures.at_full_pool, .providers[0].failures_prevented]' unknown.db)" '[null,null]'
database measured.db "UPDATE run SET gateway = NULL;
  INSERT INTO measurement (kind, agent_id, path, role, host_name, version, destination,
    started_at, ended_at, ended_how, finding, low, best, high) VALUES
  ('reuse', 1, 'nat', 'nat', 'worker1', '0.1.0', '203.0.113.9:8443', 1795236900000000,
    1795236960000000, 'finished', 'after_fin', 9900000, 10000000, 10100000),
  ('ramp', 1, 'nat', 'nat', 'worker1', '0.1.0', '203.0.113.9:8443', 1795236900000000,
    1795236960000000, 'finished', 'destination_limit', 96, 100, 104);"
# (120 + 1/s x 10 s) = 130 wanted of 104
check "measured hold-down and ceiling" equals \
  "$(size '[.providers[0].hold_down.us, .providers[0].hold_down.origin, .failures.pool_ports,
    .failures.pool_origin, .failures.at_full_pool]' measured.db --provider gcp)" \
  '[10000000,"measured",104,"measured",10]'
# On a gateway whose hosts share its ports: 120 + 20 + 1/s x 10 s of 104; 188, with
# head-room, are 89 % of 212 ports.
check "measured, where the hosts share the ports" equals \
  "$(size '[.failures.pool_of, .failures.at_full_pool, .providers[0].ports, .providers[0].failures_prevented]' \
    measured.db --provider linux)" '["gateway",10,212,10]'

sed 's/^limit ports-per-vm-static 64 /limit ports-per-vm-static 8192 /' \
  "$TOP_SRCDIR/lib/providers.conf" >other.conf
check "limits of one's own" equals \
  "$(size "$answer" "${given[@]}" --provider gcp --limits other.conf)" '[4500,8192,1]'
printf 'read-on 2026-11-21\nlimit x\n' >bad.conf
check "bad limits: file and line" refuses 2 'bad.conf:2: ' "${given[@]}" --limits bad.conf
printf 'read-on 2026-11-21\nprovider gcp Google\n' >few.conf
check "limits that lack one" refuses 2 'no "limit ports-per-' "${given[@]}" --provider gcp --limits few.conf
check "missing limits" refuses 2 'No such file' "${given[@]}" --limits none.conf

check "no numbers and no database" refuses 2 'two of --concurrent, --rate and --life'
check "one number" refuses 2 'two of --concurrent' --rate 20
check "three numbers" refuses 2 'leave one out' "${given[@]}" --life 60s
for bad in x -5 0 1e99 nan inf '' 0x10 '1 '; do
  check "--concurrent '$bad'" refuses 2 'expected a number from 1' --concurrent "$bad" --rate 20
done
check "--rate 0" refuses 2 'expected a number' --concurrent 5 --rate 0
check "--life soon" refuses 2 'expected a duration' --concurrent 5 --life soon
check "--hold-down -1s" refuses 2 'expected a duration' "${given[@]}" --hold-down -1s
check "--hosts 2.5" refuses 2 'expected a whole number' --concurrent 5 --rate 1 --hosts 2.5
check "--destinations 0" refuses 2 'expected a number' "${given[@]}" --destinations 0
check "--head-room lots" refuses 2 'expected a number' "${given[@]}" --head-room lots
check "--provider ibm names those there are" refuses 2 'expected one of gcp, aws, azure' "${given[@]}" --provider ibm
check "a missing database" refuses 1 'No such file' none.db
database empty.db "DELETE FROM census;"
check "a database without a census" refuses 1 'no census' empty.db
check "which given numbers make up for" equals \
  "$(size "$answer" "${given[@]}" --provider gcp empty.db)" '[2250,1024,1]'
# The real thing: 40 connections that another program holds, seen by an agent.
cat >hold.py <<'END'
import os, socket, time
listener = socket.socket()
listener.bind(("127.0.0.9", 0))
listener.listen(64)
kept = []
for i in range(40):
    c = socket.create_connection(listener.getsockname())
    kept.append((c, listener.accept()[0]))
listener.listen(64)
with open("port.new", "w") as f:
    print(listener.getsockname()[1], file=f)
os.rename("port.new", "port")
time.sleep(120)
END
background /usr/bin/python3 hold.py
for _ in $(seq 100); do
  [ -e port ] && break
  sleep 0.1
done
cat >natdiff.yaml <<END
agent: { database: live.db }
paths: { nat: { role: nat } }
endpoints: { api: { url: "http://127.0.0.9:$(cat port)/" } }
schedule: { interval: 1s, port-budget: 200 }
timeouts: { dns: 200ms, connect: 200ms, tls: 100ms, request: 200ms, done: 100ms }
END
if ! "$probe" census --json >first 2>err && grep -q sock_diag err; then
  skip "an agent's own census" "no sock_diag here"
else
  # The destination is known from the first attempt on, so from a later census.
  for _ in 1 2 3; do
    "$probe" run -c natdiff.yaml --slots 4 >run.log 2>&1
    "$report" size live.db >out 2>&1 && break
  done
  # The agent's own that are closed, but not by the far end, are among them.
  check "an agent's own census" equals \
    "$(size '[.traffic.destination, (.traffic.connections >= 40 and .traffic.connections < 60), .traffic.hosts]' \
      live.db)" "[\"127.0.0.9:$(cat port)\",true,1]"
fi

check "help leads with examples" contains "$("$report" size --help | head -1)" Examples
wide() { [ "$("$report" size --help | awk 'length > 80' | wc -l)" = 0 ]; }
check "help fits 80 columns" wide
done_testing
