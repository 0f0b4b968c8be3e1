#!/usr/bin/env bash
#
# The census command beside ss(8): the same sockets, counted by others.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1

if ! "$probe" census --json >first 2>err && grep -q sock_diag err; then
  skip_all 'no sock_diag here'
fi

refuses() {
  "$probe" census "$@" >out 2>err
  equals "$? of $*" "2 of $*" && [ ! -s out ] && [ -s err ]
}
refuses_all() {
  refuses -i 0 && refuses -i soon && refuses -n 0 && refuses -n x &&
      refuses --top -1 && refuses --top 1x && refuses --nonsense &&
      refuses argument
}
help_leads_with_examples() {
  "$probe" census --help >help &&
      sed -n 3p help | grep -q '^  natdiff-probe census'
}
check 'wrong usage is refused with status 2' refuses_all
check 'help leads with examples' help_leads_with_examples

# Sockets in every state that lasts.  The far ends are on 127.0.0.9, so that
# the destination is ours alone; a backlog that is full keeps SYN_SENT.
cat >hold.py <<'END'
import os, socket, sys, time

def listen(backlog):
    s = socket.socket()
    s.bind(("127.0.0.9", 0))
    s.listen(backlog)
    return s

def pair():
    c = socket.socket()
    c.connect(listener.getsockname())
    return c, listener.accept()[0]

listener = listen(64)
kept = [pair() for i in range(12)]
for i in range(3):              # the far end closes: CLOSE_WAIT
    kept.append(pair())
    kept[-1][1].close()
for i in range(4):              # we close: FIN_WAIT2
    kept.append(pair())
    kept[-1][0].close()
for i in range(5):              # both, we first: TIME_WAIT
    c, s = pair()
    c.close()
    s.close()
full = listen(0)
for i in range(6):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(full.getsockname())
    kept.append(c)
time.sleep(0.2)
with open(sys.argv[1] + ".new", "w") as f:
    print(listener.getsockname()[1], full.getsockname()[1], file=f)
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(120)
END
background /usr/bin/python3 hold.py ports
holder=$!
for _ in $(seq 100); do
  [ -e ports ] && break
  sleep 0.1
done
comm=$(cat "/proc/$holder/comm")
read -r port full <ports || { echo 'Bail out! no sockets'; exit 1; }

"$probe" census --top 0 --json >json 2>err
status=$?
ss -Htan dst "127.0.0.9:$port" >ss.txt
ss -Htan dst "127.0.0.9:$full" >ss-full.txt
jq -c --argjson p "$port" '.destinations[] |
    select(.address == "127.0.0.9" and .port == $p)' json >line
jq -c --argjson p "$full" '.destinations[] |
    select(.address == "127.0.0.9" and .port == $p)' json >line-full

# as_ss KEY STATES NUMBER: our count, ss's and the truth
as_ss() {
  equals "$(grep -cE "^($2) " ss.txt)" "$3" &&
      equals "$(jq ".$1" line)" "$3"
}
syn_sent_as_ss() {
  equals "$(jq .syn_sent line-full)" \
      "$(grep -c '^SYN-SENT ' ss-full.txt)" &&
      [ "$(jq .syn_sent line-full)" -gt 0 ]
}
check 'a census ends well' equals "$status" 0
check 'established sockets are those of ss' as_ss established ESTAB 12
check 'sockets in CLOSE_WAIT are those of ss' as_ss close_wait CLOSE-WAIT 3
check 'closing sockets are those of ss' \
    as_ss closing 'FIN-WAIT-1|FIN-WAIT-2|CLOSING|LAST-ACK' 4
check 'sockets in TIME_WAIT are those of ss' as_ss time_wait TIME-WAIT 5
check 'sockets in SYN_SENT are those of ss' syn_sent_as_ss
check 'local ports are those of ss' equals \
    "$(jq .local_ports line)" \
    "$(awk '{ print $4 }' ss.txt | sort -u | wc -l)"
# The holder itself has them all but TIME_WAIT and, closed by us, FIN_WAIT2.
check 'the process that holds them is named' equals \
    "$(jq -c .processes line)" \
    "[{\"name\":\"$comm\",\"sockets\":15}]"

total_holds_the_sum() {
  for key in established syn_sent time_wait closing close_wait; do
    jq -e "([.destinations[].$key] | add) == .total.$key" \
        json >/dev/null || return 1
  done
  jq -e '(.destinations | length) == .total.destinations and
      .ports_in_use > 0 and
      .ports_in_use <= .port_range_last - .port_range_first + 1' \
      json >/dev/null
}
check 'the total is the sum of the lines' total_holds_the_sum

table_is_narrow() {
  "$probe" census --top 0 >table 2>err || return 1
  equals "$(awk 'length > 80' table)" '' &&
      grep -q "^127.0.0.9:$port  *12  *0  *5  *4  *3  *24  $comm" table &&
      grep -q '^all [0-9]' table &&
      grep -q '^local ports [0-9]*-[0-9]*: [0-9]* of [0-9]* (' table
}
check 'the table says the same in 80 columns' table_is_narrow

ends_after_count() {
  "$probe" census -i 100ms -n 3 --top 1 --json >three &&
      equals "$(jq -s length three)" 3 &&
      jq -es 'map(.destinations | length) == [1, 1, 1]' three >/dev/null
}
check 'samples end after the count' ends_after_count

stops_at_signal() {
  timeout --preserve-status -s INT 1 "$probe" census -i 200ms --json \
      >stopped
  equals $? 0 && jq -es 'length > 1' stopped >/dev/null
}
check 'Ctrl-C ends it well, after whole lines' stops_at_signal

fails_on_full_disk() {
  [ -c /dev/full ] || return 0
  "$probe" census >/dev/full 2>err
  equals $? 1 && grep -q 'standard output' err
}
check 'output that cannot be written is an error' fails_on_full_disk

done_testing
