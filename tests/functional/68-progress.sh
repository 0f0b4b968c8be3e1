#!/usr/bin/env bash
#
# What a person sees while the probe runs on a terminal, and that nobody else
# sees it.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
command -v script >/dev/null || skip_all "no script(1) to make a terminal"
cd "$work" || exit 1

read -r port closed < <(free_ports 2)
cat >nginx.conf <<END
$(nginx_main)
  access_log off;
  server { listen 127.0.0.1:$port; location / { return 204; } }
}
END
background nginx -p "$work" -c nginx.conf
wait_for_port "$port" || exit 1
cat >natdiff.yaml <<END
agent: { database: natdiff.db }
paths: { here: { role: direct } }
endpoints:
  open: { url: "http://127.0.0.1:$port/" }
  closed: { url: "http://127.0.0.1:$closed/", control: yes }
schedule: { interval: 500ms, burst: 1, port-budget: 100000 }
timeouts: { dns: 100ms, connect: 100ms, tls: 100ms, request: 100ms, done: 100ms }
END
run="$probe run -c natdiff.yaml --slots 3"

# on_terminal COLUMNS COMMAND: what it draws, a line each time
on_terminal() {
  script -qec "stty cols $1; $2" /dev/null </dev/null | tr '\r' '\n' |
    sed 's/\x1b\[K//g' | grep .
}

on_terminal 100 "$run" >wide
check "slots, counts of the path and what is under way" contains \
  "$(tail -n 1 wide)" "slot 3/3  here: 3 ok, 3 failed  0 in flight"
check "before that, the time that is left" \
  matches "$(cat wide)" ' in flight  0:0[01] left'
on_terminal 30 "$run" >narrow
check "it is drawn in a narrow terminal" \
  contains "$(tail -n 1 narrow)" "slot 3/3  here: 3 ok"
check "and no line is wider than that" equals \
  "$(awk 'length($0) >= 30' narrow)" ""
check "no colour is in it" equals "$(grep -c $'\x1b' wide)" 0
on_terminal 100 "$run --json" >json
check "with --json there are JSON lines alone" equals \
  "$(jq -r .endpoint json 2>&1 | sort | uniq -c | tr -s ' ' | paste -sd,)" \
  " 3 closed, 3 open"
$run >out 2>err
check "and without a terminal there is nothing" equals "$(cat out err)" ""
done_testing
