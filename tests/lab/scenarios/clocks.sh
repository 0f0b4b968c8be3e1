# shellcheck shell=bash
# The direct host's clock is a minute ahead.  The endpoint goes down for
# everybody late in the run: with the clocks as they are, that looks like a
# trouble of the NAT's path alone.

faketime=/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketimeMT.so.1

setup() {
  slots=100
  pick ahead 55 65
  pick down 66 70
  expect any right=inconclusive also=endpoint_down
}

before() {
  [ -e "$faketime" ] || {
    echo "missing: $faketime (Debian: libfaketime)"
    return 1
  }
}

during() {
  sleep "$down"
  condition edge closed
}

agents() {
  local direct status=0
  agent direct "$slots" env "LD_PRELOAD=$faketime" "FAKETIME=+${ahead}s" \
    FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 &
  direct=$!
  agent nat || status=1
  wait "$direct" && return "$status"
}
