#!/usr/bin/env bash
#
# The first process of a lab's pid namespace: hides /run, makes a set of
# namespaces per host, and waits; what it has started ends with it.
#
#   init.sh DIR HOST...

set -euo pipefail

dir=$1
shift


# Sockets of the machine's resolver or name cache would answer in place of the
# lab's.  The lab's own folder may be below /run and stays in sight; so may be
# what /etc/resolv.conf points to.
hide_run() {
  local real new
  real=$(readlink -f "$dir")
  new=$dir/hosts/run
  mkdir "$new"
  mount -t tmpfs lab "$new"
  if [[ $real == /run/* ]]; then
    mkdir -p "$new/${real#/run/}"
    mount --bind "$real" "$new/${real#/run/}"
  fi
  mount -n --move "$new" /run
}

hide_run
rmdir "$dir/hosts/run"
resolv=$(readlink -m /etc/resolv.conf)
if [[ $resolv == /run/* ]]; then
  mkdir -p "${resolv%/*}"
  : >"$resolv"
fi

host() {
  # shellcheck disable=SC2016 # expanded there
  exec unshare --net --mount --uts bash -c '
    set -e
    hostname "$2"
    ip link set lo up
    mount --bind "$1/hosts/$2/resolv.conf" "$3"
    mount -t sysfs -o ro lab /sys 2>/dev/null || true
    read -r pid _ </proc/self/stat
    echo "$pid" >"$1/hosts/$2/pid.new"
    mv "$1/hosts/$2/pid.new" "$1/hosts/$2/pid"
    exec -a "lab-host $2" sleep infinity' host "$dir" "$1" "$resolv"
}

read -r pid _ </proc/self/stat
echo "$pid" >"$dir/init"
for h in "$@"; do
  host "$h" &
done

# bash collects the children it inherits.
while :; do
  sleep 1000000 &
  wait $! || true
done
