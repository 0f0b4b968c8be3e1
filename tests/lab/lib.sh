# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables go to and come from its users
#
# What a scenario of the verdict lab is made of.  A scenario is a file in
# scenarios/; it says in
#
#   setup     what lab it wants and what is expected of the verdict
#   before    (in the lab) what is done before the agents start
#   during    what happens while they run; ended with them
#   agents    how they run, where it is not the usual way
#   after     what is done to the databases afterwards
#
# All but setup may be missing.  Sizes come from `pick` and `choose`: they
# depend on the scenario, the seed and the variable's name, nothing else.

scenario=
seed=

# The lab's conditions, as options of `lab up`.
conditions=()
# The agents: how many slots, how many attempts an endpoint and slot.
slots=75
burst=2
# More options of `lab config`, for all hosts.
config=(--whoami)
# Does the edge keep closed connections in TIME_WAIT?  Where a NAT's pool is
# small its ports come back within that minute and the old connections answer:
# a cause of its own, so only its own scenario has it.
edge_time_wait=no
# What is expected, one entry for each `expect`.
expectations=()

setup() { :; }
before() { :; }
during() { :; }
after() { :; }

# Where the text of the seed lands among N numbers.
hash_of() {
  local hex
  hex=$(printf '%s' "$scenario/$seed/$1" | sha256sum)
  echo $((16#${hex:0:12} % $2))
}

# pick VARIABLE MIN MAX: a whole number.
pick() {
  printf -v "$1" %d $(($2 + $(hash_of "$1" $(($3 - $2 + 1)))))
  parameters+=("$1=${!1}")
}

# choose VARIABLE VALUE...
choose() {
  local name=$1 i
  shift
  i=$(($(hash_of "$name" $#) + 1))
  printf -v "$name" %s "${!i}"
  parameters+=("$name=${!name}")
}

# expect VIEW KEY=VALUE...: what the verdict must be.  VIEW: `hosts` for the
# hosts' databases alone, `gateway` with the gateway's counters, `any` for
# each.
#
#   right     causes that are right
#   also      causes that are acceptable as well
#   must      yes: a right cause must be named
#   at-least, at-most   strength, where a right cause is named
#   rival     a cause that must stand in not_ruled_out, where a NAT cause is
#             named
expect() {
  expectations+=("$*")
}

# load_scenario NAME SEED
load_scenario() {
  scenario=$1
  seed=$2
  parameters=()
  # shellcheck source=/dev/null
  . "$lab_tests/scenarios/$1.sh" || return
  setup
}

scenario_names() {
  local f
  for f in "$lab_tests"/scenarios/*.sh; do
    f=${f##*/}
    echo "${f%.sh}"
  done
}

# on HOST COMMAND...
on() {
  local host=$1
  shift
  "$lab" exec "$host" -- "$@"
}

# condition KEY VALUE: changed while the lab runs.
condition() {
  "$lab" set "$1" "$2"
}

info() {
  "$lab" info | sed -n "s/^$1=//p"
}

# Something that runs until the agents have ended; `on HOST COMMAND` is then
# the command itself, so that it gets the signal.
background() {
  [ "$1" != on ] || set -- "$lab" exec "$2" -- "${@:3}"
  "$@" >>"$out/background.log" 2>&1 &
  background_pids+=($!)
}

# What passes the gateway's outer side, until the agents have ended.
capture_outside() {
  local i
  command -v dumpcap >/dev/null || {
    echo "missing: dumpcap (Debian: tshark)"
    return 1
  }
  background on gateway dumpcap -q -s 96 -i "$(info gateway_interface)" \
    -f tcp -w "$out/raw/outside.pcapng"
  for i in $(seq 100); do
    [ ! -s "$out/raw/outside.pcapng" ] || return 0
    sleep 0.1
  done
  echo "dumpcap has not begun after $((i / 10)) s"
  return 1
}

# Into the gateway's database.
import_captured() {
  "$report" import pcap "$out/raw/outside.pcapng" \
    --into "$out/raw/gateway.db" >>"$out/background.log" 2>&1
}

# configure HOST [OPTION...]: its configuration.
configure() {
  local host=$1
  shift
  "$lab" config "$host" --burst "$burst" --database "$out/raw/$host.db" \
    "${config[@]}" "$@" >"$out/$host.yaml"
}

# vendor RULE: of nftables, at the edge, for connections that the NAT's address
# asks for at the endpoint.
vendor() {
  on edge nft -f - <<END
table inet vendor {
  chain input {
    type filter hook input priority 10
    ip saddr $(info nat_public) ip daddr $(info address_a) tcp dport 443 ct state new $1
  }
}
END
}

# fill_table HOST LEFT: connections into its conntrack table until LEFT fit.
fill_table() {
  local room
  room=$(on "$1" cat /proc/sys/net/netfilter/nf_conntrack_max) || return
  awk -v n=$((room - $2)) 'BEGIN {
    for (i = 0; i < n; i++) {
      a = "10.9." int(i / 60000) ".1"
      p = 1024 + i % 60000
      print "-A -p tcp -s " a " -d 198.51.100.99 --sport " p " --dport 443" \
        " -r 198.51.100.99 -q " a " --reply-port-src 443 --reply-port-dst " p \
        " -t 3600 --state ESTABLISHED -u ASSURED,SEEN_REPLY"
    }
  }' >"$out/raw/table"
  # What was there already is above the maximum: the last ones are refused.
  on "$1" conntrack -R "$out/raw/table" >/dev/null 2>&1
  rm "$out/raw/table"
  [ "$(on "$1" cat /proc/sys/net/netfilter/nf_conntrack_count)" -ge \
    $((room - $2 - 5)) ]
}

# agent HOST [SLOTS [COMMAND...]]: a run of one agent, by way of COMMAND.
agent() {
  local host=$1 n=${2:-$slots}
  shift $(($# > 2 ? 2 : $#))
  on "$host" "$@" "$probe" run -c "$out/$host.yaml" --slots "$n" \
    >>"$out/agent-$host.log" 2>&1
}

# The hosts that measure.
measuring() {
  echo direct
  info nat_hosts | tr ' ' '\n'
}

configure_all() {
  local host
  for host in $(measuring); do
    configure "$host"
  done
}

# All agents at once; fails where one of them does.
agents() {
  local host pids=() pid status=0
  for host in $(measuring); do
    agent "$host" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || status=1
  done
  return $status
}
