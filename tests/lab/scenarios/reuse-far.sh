# shellcheck shell=bash
# As reuse, of a far end some way off: the old connection answers long before
# the second SYN goes.

# shellcheck source=tests/lab/scenarios/reuse.sh
. "$lab_tests/scenarios/reuse.sh"

setup() {
  local pool
  pick pool 40 70
  pick rate 6 10
  conditions=(--pool "$pool" --delay 10-25)
  edge_time_wait=yes
  expect any must=yes right=nat_port_reuse
}
