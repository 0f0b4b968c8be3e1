# shellcheck shell=bash
#
# The hosts: namespaces, the links between them, and how to run something in
# one.  A folder of a lab holds
#
#   leader init     pid and start time of the process that all hangs on
#   hosts/NAME/     pid of the process that keeps its namespaces, resolv.conf
#   conditions      KEY VALUE lines
#   tls/ edge/ log/ tools/
#
# Process ids here are those of the caller's pid namespace: /proc is not
# mounted anew inside the lab, so both agree.

# shellcheck disable=SC2154 # dir, here: of the main script
EDGE_A=198.51.100.10
EDGE_B=198.51.100.20
EDGE_DNS=198.51.100.53
EDGE_A6=2001:db8:a::10
NAT_PUBLIC=203.0.113.2
NAT_PEER=203.0.113.1
DIRECT_PUBLIC=192.0.2.2
DIRECT_PEER=192.0.2.1
DIRECT_PUBLIC6=2001:db8:d::2
DIRECT_PEER6=2001:db8:d::1
# shellcheck disable=SC2034 # for conditions.sh
NAT_HOSTS_MAX=200
BOTH_PUBLIC=198.18.0.2
BOTH_PEER=198.18.0.1
BOTH_INSIDE=10.2.0.2
BOTH_GATEWAY=10.2.0.1

enter_flags=(-U -m -n -u --preserve-credentials)

# Prints why no lab can be had here and fails, or says nothing.
lab_possible() {
  local p missing=
  for p in unshare nsenter setpriv ip nft conntrack nginx openssl dnsmasq \
    pgrep flock; do
    command -v "$p" >/dev/null || missing="$missing $p"
  done
  if [ -n "$missing" ]; then
    echo "missing programs:$missing (Debian: util-linux iproute2 nftables" \
      "conntrack nginx-light openssl dnsmasq-base procps)"
    return 1
  fi
  if ! /usr/bin/python3 -c 'import websockets' 2>/dev/null; then
    echo "missing: python3-websockets"
    return 1
  fi
  if ! unshare --user --map-root-user --net --mount --pid --fork \
    --kill-child true 2>/dev/null; then
    echo "user namespaces are not to be had here" \
      "(kernel.unprivileged_userns_clone, user.max_user_namespaces," \
      "or a container that forbids them)"
    return 1
  fi
  if ! unshare --user --map-root-user --net nft -f - 2>/dev/null <<'END'; then
table ip lab {
  chain post {
    type nat hook postrouting priority srcnat
    ip protocol tcp snat to 192.0.2.1:1000-1001
    numgen random mod 100 < 1 drop
  }
}
END
    echo "this kernel's nftables lacks NAT or numgen"
    return 1
  fi
}

# Start time of a process, which with the pid names it for good.
started() {
  local -a stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The name, in parentheses, may hold anything.
  read -r -a stat <<<"${stat##*) }"
  echo "${stat[19]}"
}

lab_is_up() {
  local pid start
  [ -r "$dir/leader" ] || return 1
  read -r pid start <"$dir/leader" || return 1
  [ "$(started "$pid")" = "$start" ]
}

# Processes that `exec` started: they are in the lab's namespaces, but not
# among the leader's children.
lab_guests() {
  local spaces
  spaces=$(cat "$dir"/hosts/*/netns 2>/dev/null) || return 0
  find /proc/[0-9]*/ns/net -maxdepth 0 -printf '%p %l\n' 2>/dev/null |
    grep -F -- "$spaces" | cut -d/ -f3 || true
}

lab_end() {
  local pid start guests tries
  [ -d "$dir" ] || return 0
  guests=$(lab_guests)
  if lab_is_up; then
    read -r pid start <"$dir/leader"
    kill -KILL "$pid" 2>/dev/null || true
  fi
  # shellcheck disable=SC2086 # a list
  [ -z "$guests" ] || kill -KILL $guests 2>/dev/null || true
  for ((tries = 0; tries < 100; tries++)); do
    [ -n "$(lab_guests)" ] || break
    sleep 0.05
  done
  rm -f "$dir/leader"
}

# What this script put into the folder, and the folder if nothing else is in it.
lab_remove() {
  [ -d "$dir" ] || return 0
  rm -rf "$dir"/{leader,init,lock,conditions,hosts,tls,edge,log,tools}
  rmdir "$dir" 2>/dev/null || true
}

hosts_list() {
  local h names=
  for h in "$dir"/hosts/*; do
    names="$names ${h##*/}"
  done
  echo "${names# }"
}

# The host that a name means: nat is the first of several, nat1 the only one.
host_named() {
  local name=$1
  case $name in
  nat) [ -d "$dir/hosts/nat" ] || name=nat1 ;;
  nat1) [ -d "$dir/hosts/nat1" ] || name=nat ;;
  esac
  [[ $name != */* ]] && [ -n "$name" ] && [ -d "$dir/hosts/$name" ] &&
    echo "$name"
}

host_pid() {
  cat "$dir/hosts/$1/pid"
}

in_host() {
  local host=$1
  shift
  nsenter "${enter_flags[@]}" -t "$(host_pid "$host")" -- "$@"
}

# A program that starts itself in the background: it ends with the lab.
daemon() {
  local host=$1 log=$2
  shift 2
  # shellcheck disable=SC2016 # expanded there
  nsenter "${enter_flags[@]}" -p -t "$(host_pid "$host")" -- \
    bash -c 'log=$1; shift
      exec </dev/null >>"$log" 2>&1
      for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        [ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
      done
      setsid "$@"' daemon "$dir/log/$log.log" "$@"
}

# The same for one that stays in the foreground.
background() {
  local host=$1 log=$2
  shift 2
  daemon "$host" "$log" bash -c '"$@" &' background "$@"
}

# Ends the lab's background programs whose command line has this text, each
# with its process group: `daemon` gave it one of its own.
end_background() {
  local init pid group
  read -r init <"$dir/init"
  for pid in $(pgrep -P "$init" -f -- "$1" || true); do
    group=$(ps -o pgid= -p "$pid") || continue
    kill -KILL -- "-${group// /}" 2>/dev/null || true
  done
  for _ in {1..40}; do
    pgrep -P "$init" -f -- "$1" >/dev/null || return 0
    sleep 0.05
  done
}

wait_for() {
  local what=$1 i
  shift
  for ((i = 0; i < 200; i++)); do
    ! "$@" || return 0
    sleep 0.02
  done
  tail -n 3 "$dir"/log/*.log >&2
  die "$what did not come up"
}

# hosts_start [PREFIX...]: the leader, started by way of PREFIX, and its hosts.
hosts_start() {
  local names=(direct both gateway edge link) i h
  if [ "${cond[nat-hosts]}" -eq 1 ]; then
    names+=(nat)
  else
    for ((i = 1; i <= cond[nat-hosts]; i++)); do
      names+=("nat$i")
    done
  fi
  for h in "${names[@]}"; do
    mkdir -p "$dir/hosts/$h"
    : >"$dir/hosts/$h/resolv.conf"
  done
  "$@" setsid unshare --user --map-root-user --net --mount --pid --fork \
    --kill-child=KILL bash "$here/lab.d/init.sh" "$dir" "${names[@]}" \
    </dev/null >"$dir/log/init.log" 2>&1 {lock_fd}>&- &
  # setsid and setpriv become unshare: its id is known before it starts.
  echo "$! $(started $!)" >"$dir/leader"
  disown
  wait_for "a host" hosts_ready "${names[@]}"
  for h in "${names[@]}"; do
    readlink "/proc/$(host_pid "$h")/ns/net" >"$dir/hosts/$h/netns"
  done
  topology
}

hosts_ready() {
  local h
  lab_is_up || die "the lab ended: $(tail -n 1 "$dir/log/init.log")"
  for h in "$@"; do
    [ -s "$dir/hosts/$h/pid" ] || return 1
  done
}

# link HOST_A IF_A MAC_A HOST_B IF_B MAC_B DELAY: a cable.  With a delay it
# passes a forwarder of ours in the host `link`.  Addresses come after it.
link() {
  local a=$1 if_a=$2 mac_a=$3 b=$4 if_b=$5 mac_b=$6 delay=$7
  end_background "delaylink.*-a $if_b-a"
  in_host "$a" ip link del "$if_a" 2>/dev/null || true
  in_host "$b" ip link del "$if_b" 2>/dev/null || true
  if [ "$delay" = 0 ]; then
    in_host "$a" ip link add "$if_a" address "$mac_a" type veth \
      peer name "$if_b" address "$mac_b" netns "$(host_pid "$b")"
  else
    in_host "$a" ip link add "$if_a" address "$mac_a" type veth \
      peer name "$if_b-a" netns "$(host_pid link)"
    in_host "$b" ip link add "$if_b" address "$mac_b" type veth \
      peer name "$if_b-b" netns "$(host_pid link)"
    in_host link ip -batch - <<END
link set $if_b-a up
link set $if_b-b up
END
    background link delaylink "$(tool delaylink)" -s "${LAB_SEED:-1}" \
      -d "$delay" -a "$if_b-a" -b "$if_b-b"
  fi
}

# The two long links; made anew when their delay changes.
link_nat() {
  link gateway wan 02:00:00:00:00:02 edge wan 02:00:00:00:00:01 "${cond[delay]}"
  in_host gateway ip -batch - <<END
address replace $NAT_PUBLIC/24 dev wan
link set wan up
neigh replace $NAT_PEER lladdr 02:00:00:00:00:01 nud permanent dev wan
route replace default via $NAT_PEER dev wan
END
  in_host edge ip -batch - <<END
address replace $NAT_PEER/24 dev wan
link set wan up
neigh replace $NAT_PUBLIC lladdr 02:00:00:00:00:02 nud permanent dev wan
END
}

link_direct() {
  link direct eth0 02:00:00:00:00:12 edge direct 02:00:00:00:00:11 \
    "${cond[delay-direct]}"
  in_host direct ip -batch - <<END
address replace $DIRECT_PUBLIC/24 dev eth0
address replace $DIRECT_PUBLIC6/64 dev eth0 nodad
link set eth0 up
neigh replace $DIRECT_PEER lladdr 02:00:00:00:00:11 nud permanent dev eth0
route replace default via $DIRECT_PEER dev eth0
route replace default via $DIRECT_PEER6 dev eth0
END
  in_host edge ip -batch - <<END
address replace $DIRECT_PEER/24 dev direct
address replace $DIRECT_PEER6/64 dev direct nodad
link set direct up
neigh replace $DIRECT_PUBLIC lladdr 02:00:00:00:00:12 nud permanent dev direct
END
}

# A host with a way out of either kind.  Sockets that ask for none go the direct
# way; those bound to the other interface or its address go through the NAT.
link_both() {
  link both direct0 02:00:00:00:00:22 edge both 02:00:00:00:00:21 0
  link both nat0 02:00:00:00:00:32 gateway lanboth 02:00:00:00:00:31 0
  in_host edge ip -batch - <<END
address add $BOTH_PEER/24 dev both
link set both up
END
  in_host gateway ip -batch - <<END
address add $BOTH_GATEWAY/24 dev lanboth
link set lanboth up
END
  in_host both sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
    echo 0 >/proc/sys/net/ipv4/conf/nat0/rp_filter'
  in_host both ip -batch - <<END
address add $BOTH_PUBLIC/24 dev direct0
address add $BOTH_INSIDE/24 dev nat0
link set direct0 up
link set nat0 up
route add default via $BOTH_PEER dev direct0 metric 10
route add default via $BOTH_GATEWAY dev nat0 metric 20
route add default via $BOTH_GATEWAY dev nat0 table 100
rule add from $BOTH_INSIDE table 100
END
  echo "nameserver $EDGE_DNS" >"$dir/hosts/both/resolv.conf"
}

# nat_hosts: their names in order.
nat_hosts() {
  local i
  if [ "${cond[nat-hosts]}" -eq 1 ]; then
    echo nat
  else
    for ((i = 1; i <= cond[nat-hosts]; i++)); do
      echo "nat$i"
    done
  fi
}

topology() {
  local h i=0
  in_host edge ip -batch - <<END
address add $EDGE_A/32 dev lo
address add $EDGE_B/32 dev lo
address add $EDGE_DNS/32 dev lo
address add $EDGE_A6/128 dev lo nodad
END
  in_host gateway sysctl -qw net.ipv4.ip_forward=1 \
    net.netfilter.nf_conntrack_tcp_be_liberal=0
  # Some kernels (6.1) do not show a user namespace's net.core: then 4096.
  in_host edge sysctl -eqw net.core.somaxconn=8192 \
    net.ipv4.tcp_max_syn_backlog=8192
  in_host link sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
    net.ipv6.conf.default.disable_ipv6=1
  for h in $(nat_hosts); do
    i=$((i + 1))
    link "$h" eth0 "02:00:00:01:$(printf %02x $i):02" \
      gateway "lan$i" "02:00:00:01:$(printf %02x $i):01" 0
    in_host gateway ip -batch - <<END
address add 10.1.$i.1/24 dev lan$i
link set lan$i up
END
    in_host "$h" ip -batch - <<END
address add 10.1.$i.2/24 dev eth0
link set eth0 up
route add default via 10.1.$i.1
END
    echo "nameserver 10.1.$i.1" >"$dir/hosts/$h/resolv.conf"
  done
  echo "nameserver $EDGE_DNS" >"$dir/hosts/direct/resolv.conf"
  link_nat
  link_direct
  link_both
}
