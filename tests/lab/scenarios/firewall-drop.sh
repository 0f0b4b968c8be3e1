# shellcheck shell=bash
# A firewall on the path of the NAT drops what is for the endpoint.

setup() {
  conditions=(--block drop)
  expect any must=yes right=nat_path_blocked
}
