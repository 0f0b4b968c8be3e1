# shellcheck shell=bash
# The resolver of the NAT host fails, in one of the ways resolvers fail.

setup() {
  local how
  choose how fail refuse nxdomain silent
  conditions=(--dns "$how")
  expect any must=yes right=dns_trouble
}
