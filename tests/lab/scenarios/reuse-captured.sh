# shellcheck shell=bash
# As reuse, and somebody has captured outside of the NAT what answers.

# shellcheck source=tests/lab/scenarios/reuse.sh
. "$lab_tests/scenarios/reuse.sh"
eval "start_churn() $(declare -f before | sed 1d)"

setup() {
  local pool
  pick pool 40 70
  pick rate 6 10
  conditions=(--pool "$pool")
  edge_time_wait=yes
  expect hosts must=yes right=nat_port_reuse at-most=moderate
  expect gateway must=yes right=nat_port_reuse at-least=strong
}

before() {
  capture_outside && start_churn
}

after() {
  import_captured
}
