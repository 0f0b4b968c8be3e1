# shellcheck shell=bash
# The pool is full for a part of the time only.

setup() {
  local pool
  pick pool 40 100
  pick begin 20 28
  pick length 22 28
  conditions=(--pool "$pool" --hold-down 3)
  expect hosts right=nat_port_exhaustion also=inconclusive at-most=moderate \
    rival=edge_address_limit
  expect gateway right=nat_port_exhaustion also=inconclusive
  pick spare 0 1
  held=$((pool - spare))
}

during() {
  sleep "$begin"
  condition hold "$held"
  sleep "$length"
  condition hold 0
}
