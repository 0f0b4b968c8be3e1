# shellcheck shell=bash
# Loss on both paths alike.  The NAT is no worse than the other: whether that
# is `healthy` is a matter of how many attempts there are.

setup() {
  local loss
  pick loss 4 10
  conditions=(--loss "$loss" --loss-direct "$loss")
  # The resolvers are not equally far.
  config+=(--pinned)
  burst=4
  expect any right=inconclusive also="healthy endpoint_down"
}
