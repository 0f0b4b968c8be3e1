# shellcheck shell=bash
#
# What a lab shows of itself: counters, its table of contents, and natdiff
# configurations for its hosts.

# shellcheck disable=SC2154 # dir, here, cond: of the main script

# conntrack's statistics summed over the processors, what the conditions took
# out, and the connections in the table: in all, and by destination.
cmd_counters() {
  need_lab
  in_host gateway conntrack -S | awk '{
    for (i = 2; i <= NF; i++) {
      split($i, kv, "=")
      if (!(kv[1] in sum)) order[++n] = kv[1]
      sum[kv[1]] += kv[2]
    }
  } END { for (i = 1; i <= n; i++) print order[i], sum[order[i]] }'
  in_host gateway nft -j list counters table ip lab |
    grep -o '"name": "[a-z]*"[^}]*"packets": [0-9]*' |
    sed 's/"name": "\([a-z]*\)".*"packets": /\1 /'
  in_host gateway conntrack -L 2>/dev/null | awk '
    $1 == "tcp" || $1 == "udp" {
      dst = port = ""
      for (i = 1; i <= NF; i++) {
        if (dst == "" && $i ~ /^dst=/) dst = substr($i, 5)
        if (port == "" && $i ~ /^dport=/) port = substr($i, 7)
      }
      n[$1 == "tcp" ? dst ":" port : "udp:" dst ":" port]++
      total++
    }
    END {
      print "entries", total + 0
      for (k in n) print "entries:" k, n[k] | "sort"
    }'
}

# KEY VALUE pairs, the value up to the end of the line.
info_pairs() {
  local h
  cat <<END
dir $dir
hosts $(hosts_list)
nat_hosts $(nat_hosts | paste -sd' ')
address_a $EDGE_A
address_b $EDGE_B
address_a6 $EDGE_A6
nat_public $NAT_PUBLIC
direct_public $DIRECT_PUBLIC
direct_public6 $DIRECT_PUBLIC6
nat_interface eth0
direct_interface eth0
both_direct_public $BOTH_PUBLIC
both_direct_interface direct0
both_nat_interface nat0
gateway_interface wan
ca $dir/tls/ca.pem
access_log $dir/log/edge-access.log
error_log $dir/log/nginx-error.log
url_https https://api.lab.test/
url_wss wss://api.lab.test/listen
url_https_rsa https://other.lab.test/
url_control https://control.lab.test:8443/
url_slow https://api.lab.test/slow?10
url_slow_wss wss://api.lab.test/slow-listen?10
url_wss_direct wss://ws.lab.test:9443/
url_tls12 https://tls12.lab.test:12443/
url_tls13 https://tls13.lab.test:13443/
url_http http://plain.lab.test/
url_ws ws://plain.lab.test/listen
url_whoami http://whoami.lab.test/whoami
url_many https://many.lab.test/
url_dual https://dual.lab.test/
url_v6 https://v6.lab.test/
END
  ! command -v websocketd >/dev/null ||
    echo "url_websocketd wss://ws.lab.test:9444/"
  [ "${cond[witness]}" = off ] || cat <<END
url_witness https://witness.lab.test:7443/
url_witness_control https://witness.lab.test:7444/
url_witness_wss wss://witness.lab.test:7443/
witness_database $dir/edge/witness.db
END
  for h in $CONDITIONS; do
    echo "condition_${h//-/_} ${cond[$h]}"
  done
}

cmd_info() {
  need_lab
  case ${1:-} in
  '') info_pairs | sed 's/ /=/' ;;
  --json)
    # Nothing here has a quote or a backslash: start() saw to the folder.
    info_pairs | sed 's/\([^ ]*\) \(.*\)/  "\1": "\2",/' |
      sed '1s/^/{\n/; $s/,$/\n}/'
    ;;
  *) bad_usage "info: $1: not understood" ;;
  esac
}

config_usage() {
  cat <<'END'
usage: lab config HOST [OPTION...]     a natdiff configuration, on stdout

  --only LIST          of https wss control (all three), comma separated
  --endpoint NAME=URL  one more; may be repeated
  --pinned             addresses in place of names resolved
  --slow S             the endpoints answer after S seconds: ports stay held
  --whoami             ask the edge for the caller's address
  --witness            ask the witness for it (condition witness)
  --path NAME          the path's name (nat or direct; not for both)
  --database FILE      (DIR/hosts/HOST/natdiff.db)
  --interval 1s  --burst 1  --port-budget 10000  --fleet 1
  --timeouts 'dns: 2s, connect: 4s, ...'
END
}

# yaml_endpoint NAME URL [LINE...]
yaml_endpoint() {
  local name=$1 url=$2 l address=$EDGE_A
  shift 2
  echo "  $name:"
  echo "    url: $url"
  [[ $url == http:* || $url == ws:* ]] || echo "    ca: $dir/tls/ca.pem"
  case $url in
  *://other.* | *://plain.* | *://whoami.*) address=$EDGE_B ;;
  *://v6.*) address=$EDGE_A6 ;;
  esac
  [ -z "$pinned" ] || echo "    addresses: [ \"$address\" ]"
  for l in "$@"; do
    echo "    $l"
  done
}

yaml_endpoints() {
  local e https=https://api.lab.test/ wss=wss://api.lab.test/listen
  if [ -n "$slow" ]; then
    https="https://api.lab.test/slow?$slow"
    wss="wss://api.lab.test/slow-listen?$slow"
  fi
  for e in ${only//,/ }; do
    case $e in
    https) yaml_endpoint https "$https" ;;
    wss) yaml_endpoint wss "$wss" ;;
    control)
      yaml_endpoint control https://control.lab.test:8443/ "control: yes"
      ;;
    *) bad_usage "config: --only: $e: expected https, wss, control" ;;
    esac
  done
  for e in "${extra[@]}"; do
    yaml_endpoint "${e%%=*}" "${e#*=}"
  done
}

# yaml_paths HOST NAME: NAME is for hosts with one path.
yaml_paths() {
  case $1 in
  both)
    echo "  direct: { role: direct, interface: direct0 }"
    echo "  nat: { role: nat, interface: nat0 }"
    ;;
  nat*) echo "  ${2:-nat}: { role: nat }" ;;
  *) echo "  ${2:-direct}: { role: direct }" ;;
  esac
}

yaml_witness() {
  echo "witness:"
  echo "  url: https://witness.lab.test:7443/"
  echo "  ca: $dir/tls/ca.pem"
  [ -z "$pinned" ] || echo "  addresses: [ \"$EDGE_A\" ]"
}

yaml_gateway() {
  local ports=${cond[pool-per-host]} hold=${cond[hold-down]}
  [ "$ports" -gt 0 ] || ports=${cond[pool]}
  [ "$hold" -gt 0 ] || hold=${cond[time-wait]}
  cat <<END
gateway:
  provider: linux
  pool: per-destination
  addresses: 1
  time-wait: ${hold}s
END
  [ "$ports" -eq 0 ] || echo "  ports-per-host: $ports"
}

cmd_config() {
  local host path='' database='' only=https,wss,control extra=() \
    pinned='' slow='' whoami='' witness='' interval=1s burst=1 budget=10000 fleet=1 \
    timeouts='dns: 2s, connect: 4s, tls: 4s, request: 4s, done: 4s'
  case ${1:-} in
  --help | -h)
    config_usage
    return
    ;;
  '') bad_usage "config: no host" ;;
  esac
  need_lab
  host=$(host_named "$1") || die "$1: no such host ($(hosts_list))"
  shift
  while [ $# -gt 0 ]; do
    case $1 in
    --pinned) pinned=yes ;;
    --whoami) whoami=yes ;;
    --witness) witness=yes ;;
    --only | --endpoint | --slow | --path | --database | --interval | \
      --burst | --port-budget | --fleet | --timeouts)
      [ $# -ge 2 ] || bad_usage "config: $1: no value"
      case $1 in
      --only) only=$2 ;;
      --endpoint) extra+=("$2") ;;
      --slow) slow=$2 ;;
      --path) path=$2 ;;
      --database) database=$2 ;;
      --interval) interval=$2 ;;
      --burst) burst=$2 ;;
      --port-budget) budget=$2 ;;
      --fleet) fleet=$2 ;;
      --timeouts) timeouts=$2 ;;
      esac
      shift
      ;;
    *) bad_usage "config: $1: not understood" ;;
    esac
    shift
  done
  cat <<END
agent:
  database: ${database:-$dir/hosts/$host/natdiff.db}
paths:
$(yaml_paths "$host" "$path")
endpoints:
$(yaml_endpoints)
schedule:
  interval: $interval
  burst: $burst
  port-budget: $budget
  fleet: $fleet
timeouts: { $timeouts }
END
  [ -z "$whoami" ] || echo "whoami: http://whoami.lab.test/whoami"
  [ -z "$witness" ] || yaml_witness
  [ "$host" = direct ] || yaml_gateway
}
