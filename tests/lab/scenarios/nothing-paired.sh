# shellcheck shell=bash
# The agents did not run at the same time; the endpoint was down in one of the
# two times.

setup() {
  slots=30
  burst=4
  conditions=(--edge closed)
  expect any right=inconclusive also=endpoint_down
}

agents() {
  agent nat && condition edge ok && agent direct
}
