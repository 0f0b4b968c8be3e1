# shellcheck shell=bash
# The far end refuses the NAT's address: 403.

setup() {
  conditions=(--edge 403)
  expect any must=yes right=edge_address_limit
}
