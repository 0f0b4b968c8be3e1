# shellcheck shell=bash
# A name with two addresses: the pool is full for one of them.

setup() {
  local pool free
  pick pool 30 90
  pick free 0 2
  conditions=(--pool "$pool" --hold $((pool - free)) --hold-down 4)
  config=(--whoami --only control --endpoint many=https://many.lab.test/)
  burst=4
  expect hosts right=nat_port_exhaustion also=inconclusive at-most=moderate \
    rival=edge_address_limit
  expect gateway right=nat_port_exhaustion also=inconclusive
}
