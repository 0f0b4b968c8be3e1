# shellcheck shell=bash
# Loss of what comes back, of a far end some way off: its timer and the
# client's do not go off at once, so that a lost SYN-ACK comes again once.

setup() {
  local loss
  pick loss 4 12
  conditions=(--loss-in "$loss" --delay 10-25)
  burst=4
  expect any right=nat_path_loss also=inconclusive
}
