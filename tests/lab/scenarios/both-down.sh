# shellcheck shell=bash
# The endpoint is down, for everybody.

setup() {
  conditions=(--edge closed)
  expect any must=yes right=endpoint_down
}
