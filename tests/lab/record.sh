#!/usr/bin/env bash
#
# Runs one scenario in the lab that is up and stores the databases:
#
#   record.sh NAME SEED OUT
#
# `lab run` starts it; LAB_DIR is set.  OUT gets direct.db, nat.db (nat1.db,
# nat2.db, ...), gateway.db and `about`, the scenario's name, seed and sizes.

set -u
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH

lab_tests=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
lab=$lab_tests/../../scripts/lab
# shellcheck source=tests/lab/lib.sh
. "$lab_tests/lib.sh"
out=$3
background_pids=()

load_scenario "$1" "$2" || exit 1
mkdir -p "$out/raw" || exit 1

end_background() {
  local pid
  for pid in ${background_pids[@]+"${background_pids[@]}"}; do
    kill "$pid" 2>/dev/null
  done
  for pid in ${background_pids[@]+"${background_pids[@]}"}; do
    wait "$pid" 2>/dev/null
  done
  background_pids=()
}
trap end_background EXIT
trap 'exit 1' INT TERM

# HOOK: the gateway's counters, by the command that samples them, where this
# natdiff-probe has it.
gateway_start() {
  "$probe" gateway --help >/dev/null 2>&1 || return 0
  background on gateway "$probe" gateway --database "$out/raw/gateway.db" \
    -i 1s
}

about() {
  printf '%s\n' "scenario=$scenario" "seed=$seed" "slots=$slots" \
    "burst=$burst" ${parameters[@]+"${parameters[@]}"} \
    "conditions=${conditions[*]-}" | awk '!seen[$0]++'
}

# One file each, without a write-ahead log.
store() {
  local db
  for db in "$out"/raw/*.db; do
    rm -f "$out/${db##*/}"
    sqlite3 "$db" "VACUUM INTO '$out/${db##*/}'" || return
  done
  about >"$out/about"
  rm -rf "$out/raw"
}

prepare() {
  configure_all || return
  [ "$edge_time_wait" = yes ] ||
    on edge sysctl -qw net.ipv4.tcp_max_tw_buckets=0 || return
  before
}

prepare || {
  echo "$scenario: could not be prepared" >&2
  exit 1
}
gateway_start
background during
agents || {
  echo "$scenario: an agent failed" >&2
  tail -n 3 "$out"/agent-*.log >&2
  exit 1
}
end_background
after && store
