# shellcheck shell=bash
# The far end finds the NAT's address too busy: 429.

setup() {
  conditions=(--edge 429)
  expect any must=yes right=edge_address_limit
}
