# shellcheck shell=bash
# The NAT host has no local port left for the endpoint.

setup() {
  pick ports 40 120
  pick free 0 2
  conditions=(--pool 20000)
  expect any must=yes right=host_limit
}

before() {
  on nat sysctl -qw "net.ipv4.ip_local_port_range=40000 $((40000 + ports - 1))"
  condition hold $((ports - free))
}
