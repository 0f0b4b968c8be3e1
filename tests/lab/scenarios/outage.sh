# shellcheck shell=bash
# One outage of the NAT's path, of some seconds, in an otherwise healthy run.

setup() {
  slots=100
  pick begin 25 60
  pick length 7 9
  expect any right="nat_path_loss nat_path_blocked" also=inconclusive
}

during() {
  sleep "$begin"
  condition loss 100
  sleep "$length"
  condition loss 0
}
