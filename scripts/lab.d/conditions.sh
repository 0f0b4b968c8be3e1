# shellcheck shell=bash
#
# The conditions of a lab: their values, what is allowed, and how each is put
# in force.  A change touches only what it must; connections live on.

# shellcheck disable=SC2154 # dir, here: of the main script
CONDITIONS="pool pool-per-host nat-hosts hold loss loss-in loss-direct delay
delay-direct reset block dns edge time-wait hold-down witness"
# First port of the NAT's pool.
POOL_BASE=20000
POOL_MAX=40000

declare -A cond=(
  [pool]=0 [pool-per-host]=0 [nat-hosts]=1 [hold]=0 [loss]=0 [loss-in]=0
  [loss-direct]=0 [delay]=0 [delay-direct]=0 [reset]=off [block]=off [dns]=ok
  [edge]=ok [time-wait]=1 [hold-down]=0 [witness]=off
)

whole() {
  if ! [[ $2 =~ ^[0-9]{1,6}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
    bad_usage "$1: $2: expected a number from $3 to $4"
  fi
}

percent() {
  if ! [[ $2 =~ ^[0-9]{1,3}(\.[0-9]{1,2})?$ ]] ||
    (($(permyriad "$2") > 10000)); then
    bad_usage "$1: $2: expected a percentage"
  fi
}

one_of() {
  local key=$1 value=$2
  shift 2
  [[ " $* " == *" $value "* ]] ||
    bad_usage "$key: $value: expected one of $*"
}

condition_set() {
  local key=$1 value=$2
  case $key in
  pool | pool-per-host) whole "$key" "$value" 0 $POOL_MAX ;;
  nat-hosts) whole "$key" "$value" 1 "$NAT_HOSTS_MAX" ;;
  hold) whole "$key" "$value" 0 60000 ;;
  time-wait) whole "$key" "$value" 1 3600 ;;
  hold-down) whole "$key" "$value" 0 3600 ;;
  loss | loss-in | loss-direct) percent "$key" "$value" ;;
  delay | delay-direct)
    if ! [[ $value =~ ^[0-9]{1,4}(-[0-9]{1,4})?$ ]] ||
      ((10#${value%-*} > 10#${value#*-})); then
      bad_usage "$key: $value: expected MIN-MAX in ms"
    fi
    ;;
  reset)
    one_of "$key" "${value%%:*}" off connect hello
    [[ $value != *:* ]] || percent "$key" "${value#*:}"
    ;;
  block) one_of "$key" "$value" off drop reject ;;
  dns) one_of "$key" "$value" ok fail refuse nxdomain other silent ;;
  edge) one_of "$key" "$value" ok closed drop reset 403 429 ;;
  witness) one_of "$key" "$value" off on ;;
  *) bad_usage "$key: no such condition" ;;
  esac
  case $value in
  [0-9]*[!0-9]*) ;;
  [0-9]*) value=$((10#$value)) ;;
  esac
  cond[$key]=$value
}

# Options up to `--` or the first that is none; what is left goes to rest.
conditions_parse() {
  local arg
  while [ $# -gt 0 ]; do
    case $1 in
    --)
      shift
      break
      ;;
    --*=*)
      arg=${1#--}
      condition_set "${arg%%=*}" "${arg#*=}"
      shift
      ;;
    --*)
      [ $# -ge 2 ] || bad_usage "$1: no value"
      condition_set "${1#--}" "$2"
      shift 2
      ;;
    *) break ;;
    esac
  done
  rest=("$@")
  [ $((${cond[pool-per-host]} * ${cond[nat-hosts]})) -le "$POOL_MAX" ] ||
    bad_usage "pool-per-host times nat-hosts: more than $POOL_MAX ports"
}

conditions_save() {
  local key
  for key in $CONDITIONS; do
    echo "$key ${cond[$key]}"
  done >"$dir/conditions.new"
  mv "$dir/conditions.new" "$dir/conditions"
}

conditions_load() {
  local key value
  while read -r key value; do
    cond[$key]=$value
  done <"$dir/conditions"
}

# What `nft numgen` compares with: hundredths of a percent.
permyriad() {
  local part=00
  [[ $1 != *.* ]] || part=${1#*.}0
  echo $((10#${1%.*} * 100 + 10#${part:0:2}))
}

chance() {
  [ "$1" = 100 ] || echo "numgen random mod 10000 < $(permyriad "$1")"
}

# The gateway's source NAT.  Kept simple: one address, one range of ports, or
# a range for each host.
snat_rules() {
  local h first last i=0
  local size=${cond[pool]} each=${cond[pool-per-host]}
  if [ "$each" -gt 0 ]; then
    for h in $(nat_hosts); do
      i=$((i + 1))
      first=$((POOL_BASE + (i - 1) * each))
      last=$((first + each - 1))
      echo "add rule ip lab post oifname wan ip saddr 10.1.$i.0/24" \
        "meta l4proto tcp snat to $NAT_PUBLIC:$first-$last"
    done
  elif [ "$size" -gt 0 ]; then
    echo "add rule ip lab post oifname wan meta l4proto tcp" \
      "snat to $NAT_PUBLIC:$POOL_BASE-$((POOL_BASE + size - 1))"
  fi
  echo "add rule ip lab post oifname wan snat to $NAT_PUBLIC"
}

# loss_rule CONDITION [MATCH...]: packets that the gateway loses.
loss_rule() {
  local share=${cond[$1]}
  shift
  [ "$share" = 0 ] ||
    echo "add rule ip lab forward $* $(chance "$share") counter name lost drop"
}

# A reset or a block acts on the endpoint, not on the control.
path_rules() {
  local endpoint="ip daddr $EDGE_A tcp dport 443" rate=${cond[reset]#*:}
  local syn='tcp flags & (fin|syn|rst|ack) == syn'
  [[ ${cond[reset]} == *:* ]] || rate=100
  loss_rule loss
  loss_rule loss-in iifname wan
  case ${cond[block]} in
  drop) echo "add rule ip lab forward $endpoint counter name blocked drop" ;;
  reject)
    echo "add rule ip lab forward $endpoint counter name blocked" \
      "reject with icmp type admin-prohibited"
    ;;
  esac
  case ${cond[reset]%%:*} in
  connect)
    echo "add rule ip lab forward $endpoint $syn $(chance "$rate")" \
      "counter name resets reject with tcp reset"
    ;;
  hello)
    # A TLS record of type handshake whose first message is a ClientHello.
    echo "add rule ip lab forward $endpoint @ih,0,16 0x1603 @ih,40,8 1" \
      "$(chance "$rate") counter name resets reject with tcp reset"
    ;;
  esac
}

apply_gateway() {
  in_host gateway nft -f - <<END
add table ip lab
add counter ip lab lost
add counter ip lab blocked
add counter ip lab resets
add chain ip lab post { type nat hook postrouting priority srcnat; }
add chain ip lab forward { type filter hook forward priority filter; }
flush chain ip lab post
flush chain ip lab forward
$(snat_rules)
$(path_rules)
END
}

# The edge's own: it drops or refuses by itself, whatever the path did.
apply_edge() {
  local syn='tcp flags & (fin|syn|rst|ack) == syn' rule=
  local endpoint="ip daddr $EDGE_A tcp dport 443"
  case ${cond[edge]} in
  closed) rule="$endpoint $syn reject with tcp reset" ;;
  drop) rule="ip saddr $NAT_PUBLIC $endpoint drop" ;;
  reset) rule="ip saddr $NAT_PUBLIC $endpoint $syn reject with tcp reset" ;;
  esac
  in_host edge nft -f - <<END
add table inet lab
add chain inet lab input { type filter hook input priority filter; }
add chain inet lab raw { type filter hook prerouting priority raw; }
flush chain inet lab input
flush chain inet lab raw
${rule:+add rule inet lab input $rule}
$(loss_direct_rule direct)
END
}

# Loss on the direct path: as the packet comes in, at either end.
loss_direct_rule() {
  [ "${cond[loss-direct]}" = 0 ] ||
    echo "add rule inet lab raw iifname $1 $(chance "${cond[loss-direct]}") drop"
}

apply_loss_direct() {
  apply_edge
  in_host direct nft -f - <<END
add table inet lab
add chain inet lab raw { type filter hook prerouting priority raw; }
flush chain inet lab raw
$(loss_direct_rule eth0)
END
}

# The NAT hosts' resolver is the gateway.
apply_dns() {
  local h i=0 addresses=
  for h in $(nat_hosts); do
    i=$((i + 1))
    addresses=$addresses${addresses:+,}10.1.$i.1
  done
  dns_start gateway "$addresses" nat "${cond[dns]}"
  in_host gateway nft -f - <<END
add table ip lab
add chain ip lab input { type filter hook input priority filter; }
flush chain ip lab input
$([ "${cond[dns]}" != silent ] ||
    echo 'add rule ip lab input meta l4proto { tcp, udp } th dport 53 drop')
END
}

apply_hold() {
  local h
  h=$(nat_hosts | head -n 1)
  end_background "hold.*-k"
  rm -f "$dir/log/hold.log"
  apply_hold_witness "$h"
  [ "${cond[hold]}" -gt 0 ] || return 0
  background "$h" hold "$(tool hold)" -k -t 2500 -n "${cond[hold]}" \
    "$EDGE_A" 443
  wait_for "hold" grep -q connected "$dir/log/hold.log"
}

# A witness ends what says nothing: it is held by WebSockets.
apply_hold_witness() {
  end_background hold_ws.py
  rm -f "$dir/log/hold-witness.log"
  if [ "${cond[hold]}" -eq 0 ] || [ "${cond[witness]}" = off ]; then
    return 0
  fi
  background "$1" hold-witness /usr/bin/python3 "$here/lab.d/hold_ws.py" \
    --ca "$dir/tls/ca.pem" --address "$EDGE_A" --number "${cond[hold]}" \
    wss://witness.lab.test:7443/
  wait_for "hold" grep -q connected "$dir/log/hold-witness.log"
}

# TIME_WAIT on the gateway: how long, and whether newer kernels, which hand a
# port in TIME_WAIT out again, are made to wait like a cloud's NAT.
apply_time_wait() {
  local t=${cond[time-wait]}
  [ "${cond[hold-down]}" -eq 0 ] || t=${cond[hold-down]}
  in_host gateway sysctl -qw \
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait=$t"
  end_background "holddown.sh"
  [ "${cond[hold-down]}" -eq 0 ] ||
    background gateway holddown bash "$here/lab.d/holddown.sh" \
      "${cond[hold-down]}"
}

condition_apply() {
  case $1 in
  pool | pool-per-host | loss | loss-in | block | reset) apply_gateway ;;
  loss-direct) apply_loss_direct ;;
  edge)
    apply_edge
    edge_reload
    ;;
  dns) apply_dns ;;
  hold) apply_hold ;;
  delay) link_nat ;;
  delay-direct) link_direct ;;
  time-wait | hold-down) apply_time_wait ;;
  witness)
    apply_witness
    apply_hold_witness "$(nat_hosts | head -n 1)"
    ;;
  esac
}

conditions_apply_all() {
  apply_gateway
  apply_edge
  [ "${cond[loss-direct]}" = 0 ] || apply_loss_direct
  apply_dns
  apply_time_wait
  [ "${cond[witness]}" = off ] || apply_witness
  apply_hold
}
