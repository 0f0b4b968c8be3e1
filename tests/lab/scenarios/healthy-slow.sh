# shellcheck shell=bash
# Both paths are long, the one through the NAT is longer: slow, and nothing
# fails.

setup() {
  local near far
  pick near 10 25
  pick far 35 60
  conditions=(--delay-direct "$near-$((near + 3))" --delay "$far-$((far + 4))")
  burst=7
  expect any right="latency_only healthy" also=inconclusive
}
