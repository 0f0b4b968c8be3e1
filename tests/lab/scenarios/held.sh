# shellcheck shell=bash
# The application holds nearly all ports of the pool; what is left cannot keep
# up with new connections.

setup() {
  local pool free keep
  pick pool 40 120
  pick free 1 4
  pick keep 3 6
  conditions=(--pool "$pool" --hold $((pool - free)) --hold-down "$keep")
  expect hosts right=nat_port_exhaustion also=inconclusive at-most=moderate \
    rival=edge_address_limit
  expect gateway must=yes right=nat_port_exhaustion at-least=strong
}
