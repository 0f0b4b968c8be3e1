# shellcheck shell=bash
# The path that should be the measure is the broken one.

setup() {
  local loss
  pick loss 15 35
  conditions=(--loss-direct "$loss")
  burst=4
  expect any right=inconclusive also=healthy
}
