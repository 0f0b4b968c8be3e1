# shellcheck shell=bash
# The gateway's connection table is full; its pool of ports is not.

setup() {
  pick free 0 12
  config+=(--pinned)
  expect hosts right=nat_table_full also=inconclusive at-most=moderate
  expect gateway must=yes right=nat_table_full
}

before() {
  fill_table gateway "$free"
}
