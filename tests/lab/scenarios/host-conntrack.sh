# shellcheck shell=bash
# The NAT host has a firewall of its own, whose connection table is full: its
# SYNs never leave.  (Its maximum cannot be changed in a namespace, so the
# table is filled.)

setup() {
  pick free 0 8
  config+=(--pinned)
  expect any must=yes right=host_limit
}

before() {
  on nat nft -f - <<END_RULES
table ip host {
  chain output {
    type filter hook output priority 0
    ct state invalid counter drop
  }
}
END_RULES
  fill_table nat "$free"
}
