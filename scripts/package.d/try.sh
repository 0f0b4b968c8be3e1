#!/bin/bash
# Installs the package on a clean Debian 12, uses it, purges it; called by
# scripts/package.  Everything is in a folder that goes away; what the machine
# has in its sources of packages is the mirror.  Exit status 77: there can be
# no clean system on this machine.
set -eu

deb=$1
release=bookworm
root=
say() { echo "package: $*"; }
refuse() { echo "package: $*" >&2; exit 1; }

finish() {
	[ -n "$root" ] || return 0
	rm -rf --one-file-system "$root"
}
trap finish EXIT
trap 'exit 1' INT TERM

# The first archive of Debian that this machine uses.
mirror() {
	local list
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		if [ -f "$list" ]; then
			sed -nE 's/^deb +(\[[^]]*\] +)?(https?:[^ ]+) .*/\2/p' \
			    "$list"
		fi
	done | grep -v security && return
	for list in /etc/apt/sources.list.d/*.sources; do
		[ ! -f "$list" ] || sed -n 's/^URIs: *\([^ ]*\).*/\1/p' "$list"
	done | grep -v security
}

inside() { chroot "$root/root" env -i PATH="$PATH" LC_ALL=C \
    DEBIAN_FRONTEND=noninteractive "$@"; }

# What of ours is there.
ours() {
	find "$root/root" -xdev -name '*natdiff*' -not -path '*/var/log/*'
}

# One attempt per path at a port where nobody listens, and the report over it.
use() {
	inside natdiff-probe --version
	inside natdiff-report --version
	inside natdiff-probe check \
	    -c /usr/share/doc/natdiff/examples/natdiff.yaml
	cat >"$root/root/etc/natdiff/natdiff.yaml" <<END
paths: { direct: { role: direct }, nat: { role: nat } }
endpoints: { nobody: { url: "http://127.0.0.1:9/" } }
END
	mkdir -p "$root/root/var/lib/natdiff"
	for path in direct nat; do
		inside natdiff-probe run --once --path "$path" \
		    -c /etc/natdiff/natdiff.yaml
	done
	inside natdiff-report diff --format json \
	    /var/lib/natdiff/natdiff.db >"$root/report.json"
	grep -q connection_refused "$root/report.json" ||
	    refuse "the report does not say what was measured"
}

[ "$(id -u)" -eq 0 ] || refuse "only root can make a clean system"
command -v debootstrap >/dev/null || refuse "debootstrap is not installed"
from=$(mirror | head -n 1)
[ -n "$from" ] || refuse "no mirror in the sources of apt"
root=$(mktemp -d "${TMPDIR:-/var/tmp}/natdiff-package.XXXXXX")
say "a clean $release from $from"
debootstrap --variant=minbase "$release" "$root/root" "$from" \
    >"$root/log" 2>&1 || {
	tail -n 20 "$root/log"
	say "no clean $release can be made here"
	exit 77
}
[ -z "$(ours)" ] || refuse "it is not clean: $(ours)"
cp "$deb" "$root/root/tmp/"
say "installing $(basename "$deb")"
inside apt-get install -y -q --no-install-recommends \
    "/tmp/$(basename "$deb")" >"$root/log" 2>&1 || {
	tail -n 20 "$root/log"
	exit 1
}
rm "$root/root/tmp/$(basename "$deb")"
if [ -n "$(find "$root/root/etc/systemd" -name 'natdiff*')" ]; then
	refuse "a unit is enabled"
fi
use
inside apt-get purge -y -q natdiff >"$root/log" 2>&1 || {
	tail -n 20 "$root/log"
	exit 1
}
left=$(ours)
[ -z "$left" ] || refuse "purging leaves:
$left"
say "installed, used, purged without a trace"
