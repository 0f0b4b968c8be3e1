#!/usr/bin/env bash
#
# Who fires what, when and at which address: slots of the wall clock, agents
# that never talk, hosts with both paths, names that do not resolve, both
# address families.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
need_lab
start_lab --dns ok
cd "$work" || exit 1

ca=$(lab_info ca)

# config INTERVAL BURST URL [LINE...]: both paths; a line is one more key of
# the endpoint
config() {
  local interval=$1 burst=$2 url=$3
  shift 3
  cat <<END
agent: { database: natdiff.db }
paths:
  direct: { role: direct${direct_interface:+, interface: $direct_interface} }
  nat: { role: nat${nat_interface:+, interface: $nat_interface} }
endpoints:
  busy:
    url: "$url"
    ca: $ca
$(printf '    %s\n' "$@")
schedule: { interval: $interval, burst: $burst, port-budget: 100000 }
timeouts: { dns: 1s, connect: 2s, tls: 2s, request: 2s, done: 2s }
END
}

# agent HOST CONFIG NAME [OPTION...]: a run there, into NAME.db
agent() {
  local host=$1 file=$2 name=$3
  shift 3
  "$lab" exec "$host" -- "$probe" run -c "$file" --database "$name.db" "$@" \
    2>"$name.err"
}

# ------------------------------------------------- agents that never talk

config 1s 10 "$(lab_info url_many)" >pair.yaml
in_slot 1000000 10
agent nat pair.yaml nat --path nat --slots 3 &
nat=$!
sleep 0.3
agent direct pair.yaml direct --path direct --slots 3 &
wait $nat
nat_status=$?
wait $!
check "both agents end well" equals "$nat_status $?" "0 0"

slots_are_consecutive() {
  local p
  for p in nat direct; do
    equals "$(sql $p.db "SELECT count(DISTINCT slot), max(slot) - min(slot),
      min(slot) = (SELECT started_at / 1000000 + 1 FROM run) FROM attempt")" \
      "3|2|1" || return 1
  done
}
check "--slots 3 fires in the next three slots" slots_are_consecutive

# plan PATH: what it fired, as the two agents must agree
plan() {
  sql "$1.db" "SELECT endpoint, target_address, slot, seq FROM attempts
    ORDER BY 1, 3, 4"
}
check "ten attempts each" equals "$(plan nat | wc -l)" 30
check "every attempt has its partner at the same address" \
  equals "$(plan nat)" "$(plan direct)"
check "both addresses are in use" equals \
  "$(sql nat.db "SELECT count(DISTINCT target_address) FROM attempts")" 2
check "both fire at the same moment of the slot, spread over it" equals \
  "$(sqlite3 -batch nat.db "ATTACH 'direct.db' AS d;
     SELECT avg(abs(a.started_at - b.started_at) < 100000) > 0.8,
       min(a.started_at - a.slot * 1000000) >= 0,
       max(a.started_at % 1000000) - min(a.started_at % 1000000) > 500000
     FROM attempt a JOIN d.attempt b USING (slot, seq)")" "1|1|1"

# ---------------------------------------------------- a host with both paths

direct_interface=$(lab_info both_direct_interface)
nat_interface=$(lab_info both_nat_interface)
{
  config 1s 20 "$(lab_info url_https)"
  echo "whoami: $(lab_info url_whoami)"
} >both.yaml
unset direct_interface nat_interface
agent both both.yaml both --slots 2
check "a host with both paths" equals "$?" 0
pairs="SELECT a.started_at - b.started_at AS gap FROM attempts v
  JOIN attempt a ON a.id = v.id AND v.path = 'nat' AND v.endpoint = 'busy'
  JOIN attempt b USING (endpoint_id, target_id, slot, seq)
  JOIN run r ON r.id = b.run_id AND r.path = 'direct'"
gaps=$(sql both.db "SELECT abs(gap) FROM ($pairs) ORDER BY 1")
median=$(sed -n 20p <<<"$gaps")
echo "# the sides of a pair are $median us apart (median)," \
  "$(tail -n 1 <<<"$gaps") at most"
check "fires pairs" equals "$(wc -l <<<"$gaps")" 40
check "both sides within 2 ms" at_least 2000 "$median"
check "each side goes first in turn" equals \
  "$(sql both.db "SELECT sum(gap < 0), sum(gap > 0) FROM ($pairs)")" "20|20"
check "and its paths leave by different addresses" equals \
  "$(sql both.db "SELECT path, observed_address FROM attempts
     WHERE endpoint = 'whoami' GROUP BY 1, 2 ORDER BY 1")" \
  "direct|$(lab_info both_direct_public)
nat|$(lab_info nat_public)"

# ------------------------------------------------------------ --once and ends

config 2s 20 "$(lab_info url_https)" >once.yaml
in_slot 2000000 50
now=${EPOCHREALTIME/[.,]/}
agent nat once.yaml once --path nat --once
check "--once ends well" equals $? 0
check "soon after its slot" \
  at_least 3000000 $((${EPOCHREALTIME/[.,]/} - now / 2000000 * 2000000))
check "it fires the whole slot that it was started in" equals \
  "$(sql once.db "SELECT count(*), min(slot), max(slot) FROM attempt")" \
  "20|$((now / 2000000))|$((now / 2000000))"
check "what was past at once, the rest in its time" equals \
  "$(sql once.db "SELECT min(started_at) >= $now,
       sum(started_at - (SELECT min(started_at) FROM attempt) < 100000) >= 5,
       max(started_at) - min(started_at) > 300000 FROM attempt")" "1|1|1"

config 500ms 2 "$(lab_info url_https)" >short.yaml
before=$SECONDS
agent nat short.yaml duration --path nat --duration 2s
check "--duration ends well" equals $? 0
check "in time" at_least 4 $((SECONDS - before))
check "with the slots that it has room for" equals \
  "$(sql duration.db "SELECT count(DISTINCT slot), count(*) FROM attempt;
     SELECT ended_how, planned, fired FROM run")" "4|8
finished|8|8"

# A fleet takes turns: few of its hosts fire in a slot.
{
  config 500ms 1 "$(lab_info url_https)"
  echo "gateway: { provider: linux, time-wait: 600s }"
} | sed 's/port-budget: 100000/port-budget: 1300, fleet: 1000/' >fleet.yaml
fires_nothing() {
  local i status
  # A host may have its turn, but not three hosts in a row.
  for i in 1 2 3; do
    agent nat fleet.yaml fleet$i --path nat --once
    status=$?
    [ $status -eq 0 ] || break
  done
  equals $status 1 || return 1
  matches "$(grep -v ': warning: ' fleet$i.err)" \
    '^natdiff-probe: nothing was fired: .* one slot in [0-9]+$' || return 1
  equals "$(sql fleet$i.db "SELECT ended_how, planned, fired FROM run")" \
    "finished|0|0"
}
check "a run that fires nothing is an error" fires_nothing

# --------------------------------------------------------------- resolution

# dns HOW FAILURE: names do not resolve, and the store says how
dns() {
  "$lab" set dns "$1" || return 1
  agent nat short.yaml "dns-$1" --path nat --once || return 1
  equals "$(sql "dns-$1.db" "SELECT count(*), failure, failure_text IS NULL,
    addresses, duration_us > 0 FROM resolution")" "1|$2|0||1" || return 1
  equals "$(sql "dns-$1.db" "SELECT count(*), min(failure), max(failure),
      min(failed_phase), count(connect_us), count(tls_us), count(request_us),
      count(done_us), count(other_us), count(total_us), count(target_address),
      sum(resolution_id = (SELECT id FROM resolution))
    FROM attempts")" "2|$2|$2|dns|0|0|0|0|0|0|0|2"
}
check "SERVFAIL" dns fail dns_servfail_error
check "REFUSED" dns refuse dns_refused_error
check "NXDOMAIN" dns nxdomain dns_nxdomain_error
check "a silent name server" dns silent dns_timeout
check "it was waited for as long as the configuration says" equals \
  "$(sql dns-silent.db "SELECT duration_us BETWEEN 900000 AND 1500000
     FROM resolution")" 1
# Names of 16 slots are asked for at once.
skips_slots() {
  config 100ms 1 "$(lab_info url_many)" | sed 's/dns: 1s/dns: 4s/' >hang.yaml
  agent nat hang.yaml hang --path nat --slots 40 || return 1
  equals "$(sql hang.db "SELECT planned, fired = (SELECT count(*) FROM attempt),
    fired BETWEEN 16 AND 39 FROM run")" "40|1|1"
}
check "slots that nothing was fired in, as names are asked for, are planned" \
  skips_slots
"$lab" set dns ok
agent nat short.yaml dns-ok --path nat --once
check "and a name that does" equals \
  "$(sql dns-ok.db "SELECT count(*), failure, addresses FROM resolution;
     SELECT count(*), sum(failure IS NULL AND resolution_id = 1) FROM attempts")" \
  "1||$(lab_info address_a)
2|2"

# ------------------------------------------------------------ both families

config 500ms 2 "$(lab_info url_dual)" >dual.yaml
agent direct dual.yaml dual6 --path direct --once
check "IPv4 and IPv6 are targets of their own" equals \
  "$(sql dual6.db "SELECT target_address, group_concat(seq), sum(failure IS NULL)
     FROM (SELECT * FROM attempts ORDER BY seq) GROUP BY 1 ORDER BY 1")" \
  "$(lab_info address_a)|0,1|2
$(lab_info address_a6)|0,1|2"
check "each of them counts as fired" equals \
  "$(sql dual6.db 'SELECT planned, fired FROM run')" "4|4"
agent nat dual.yaml dual4 --path nat --once
check "without a route there is no target" equals \
  "$(sql dual4.db "SELECT target_address, count(*), sum(failure IS NULL)
     FROM attempts GROUP BY 1")" "$(lab_info address_a)|2|2"
config 500ms 2 "$(lab_info url_dual)" \
  "addresses: [ $(lab_info address_a) ]" >pinned.yaml
agent direct pinned.yaml pinned --path direct --once
check "pinned addresses are not asked for" equals \
  "$(sql pinned.db "SELECT (SELECT count(*) FROM resolution), count(*),
       sum(failure IS NULL), count(resolution_id), min(target_address)
     FROM attempts")" "0|2|2|0|$(lab_info address_a)"
done_testing
