# shellcheck shell=bash
# The endpoint is down now and then, for everybody.

setup() {
  pick first 8 14
  pick down 3 6
  pick up 7 14
  expect any right=endpoint_down also=inconclusive
}

during() {
  sleep "$first"
  while :; do
    condition edge closed
    sleep "$down"
    condition edge ok
    sleep "$up"
  done
}
