# shellcheck shell=bash
# As reuse, and somebody has captured outside of the NAT what answers.

# shellcheck source=tests/lab/scenarios/reuse.sh
. "$lab_tests/scenarios/reuse.sh"

setup() {
  ports_come_back
  expect hosts must=yes right=nat_port_reuse at-most=moderate
  expect gateway must=yes right=nat_port_reuse at-least=strong
}

before() {
  capture_outside && begin_churn
}

after() {
  import_captured
}
