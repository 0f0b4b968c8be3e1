# shellcheck shell=bash
# Three hosts with a block of ports each: that of the first is full.

setup() {
  local ports free
  pick ports 30 80
  pick free 0 2
  conditions=(--nat-hosts 3 --pool-per-host "$ports" --hold $((ports - free))
    --hold-down 4)
  expect hosts right=nat_port_exhaustion also=inconclusive at-most=moderate \
    rival=edge_address_limit
  expect gateway right=nat_port_exhaustion also=inconclusive
}
