# shellcheck shell=bash
# As reuse, of a far end some way off: the old connection answers long before
# the second SYN goes.

# shellcheck source=tests/lab/scenarios/reuse.sh
. "$lab_tests/scenarios/reuse.sh"

setup() {
  ports_come_back
  conditions+=(--delay 10-25)
  expect any must=yes right=nat_port_reuse
}
