# shellcheck shell=bash
# Some slots only, and nothing wrong.

setup() {
  pick slots 5 12
  burst=1
  config=()
  expect any right=inconclusive
}
