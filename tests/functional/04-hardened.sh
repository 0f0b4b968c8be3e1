#!/usr/bin/env bash
#
# The programs are built so that a bug is harder to use: at addresses that
# differ each time, with tables that are read-only once loaded, with guarded
# stacks and checked calls of the C library.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
command -v readelf >/dev/null || skip_all "readelf is not installed"
config=$TOP_BUILDDIR/config.h

has() { contains "$(readelf --wide "$2" "$1" 2>/dev/null)" "$3"; }
# The stack is neither written and run, nor is any other part of memory.
no_code_in_data() {
  local flags
  flags=$(readelf --wide --program-headers "$1" |
    awk '$1 == "GNU_STACK" || $1 == "LOAD" { print $7 $8 }' | grep WE)
  equals "$flags" ""
}
calls() { matches "$(readelf --wide --dyn-syms "$1")" "UND $2"; }
optimised() { matches "$(sed -n 's/^CFLAGS = //p' "$TOP_BUILDDIR/Makefile")" '-O[1-3sz]'; }

for program in "$probe" "$report"; do
  name=${program##*/}
  check "$name is position-independent" \
    has "$program" --file-header "DYN (Position-Independent Executable file)"
  check "$name has read-only relocations" \
    has "$program" --program-headers GNU_RELRO
  check "$name is linked at its start, all of it" \
    matches "$(readelf --wide --dynamic "$program")" 'FLAGS_1\).* NOW'
  check "$name cannot run what it can write" no_code_in_data "$program"
  if grep -q 'sanitize=' "$TOP_BUILDDIR/config.log"; then
    skip "$name guards its stack and calls" "sanitizers do"
    continue
  fi
  check "$name guards its stack" calls "$program" __stack_chk_fail
  if ! grep -q '^#define FORTIFY_LEVEL' "$config"; then
    skip "$name calls what checks" "the compiler has no _FORTIFY_SOURCE"
  elif ! optimised >/dev/null; then
    skip "$name calls what checks" "it is built without optimisation"
  else
    check "$name calls what checks" calls "$program" '__(memcpy|vsnprintf|snprintf|read)_chk'
  fi
done
done_testing
