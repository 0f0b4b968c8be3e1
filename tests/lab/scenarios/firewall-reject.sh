# shellcheck shell=bash
# A firewall on the path of the NAT refuses what is for the endpoint.

setup() {
  conditions=(--block reject)
  expect any must=yes right=nat_path_blocked
}
