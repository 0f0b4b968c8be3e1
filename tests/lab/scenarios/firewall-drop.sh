# shellcheck shell=bash
# A firewall on the path of the NAT drops what is for the endpoint.  From the
# hosts it looks like a pool that is held for the whole run, until the gateway
# says that it refused no port.

setup() {
  conditions=(--block drop)
  expect hosts right=nat_path_blocked also=inconclusive at-most=moderate
  expect gateway must=yes right=nat_path_blocked at-most=moderate \
    rival=edge_address_limit
}
