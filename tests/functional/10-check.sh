#!/usr/bin/env bash
#
# check: what it says of good and bad configurations, and its exit status.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
cd "$work" || exit 1
unset NATDIFF_CONFIG https_proxy HTTPS_PROXY http_proxy HTTP_PROXY \
    all_proxy ALL_PROXY

cat >good.yaml <<'END'
paths:
  direct: { role: direct, mark: 1 }
  nat: { role: nat, interface: lo }
endpoints:
  listen:
    url: wss://api.example.com/v1/listen
    addresses: [ 203.0.113.10 ]
    headers: [ "Authorization: Token ${API_KEY}", "X-Key: file:key" ]
  same:
    url: https://203.0.113.10/
  other:
    url: https://[2001:db8::1]/
    control: yes
schedule:
  port-budget: 30
END
echo sesame-file >key
chmod 600 key
export API_KEY=sesame-environment

# run STATUS ARGUMENT...: the output is in out and err
run() {
  local expected=$1 status
  shift
  "$probe" check "$@" >out 2>err
  status=$?
  equals "status $status of check $*" "status $expected of check $*" ||
      { cat err; return 1; }
}
# says TEXT...: each is in the output
says() {
  local text
  for text; do
    grep -qF -- "$text" out || { echo "not there: $text"; cat out; return 1; }
  done
}
# the_error LINE...: exactly these are told
the_error() {
  printf '%s\n' "$@" >expected
  diff expected err
}

plan_in_words() {
  run 0 -c good.yaml || return 1
  [ ! -s err ] || { cat err; return 1; }
  says 'behind the NAT, by interface lo' 'direct, with mark 1' \
      'wss://api.example.com/v1/listen' '2 headers, 1 pinned address' \
      'busiest destination: 203.0.113.10:443' \
      '0.2 attempts/s x (30s life + 2m hold-down) = 30 NAT ports' \
      'port-budget: 30'
}
plan_as_json() {
  run 0 -c good.yaml --json && jq -e '
      .errors == [] and .warnings == [] and .file == "good.yaml" and
      (.paths | map(.name)) == ["direct", "nat"] and
      .paths[1].interface == "lo" and .paths[0].mark == 1 and
      .endpoints[0].headers == ["Authorization", "X-Key"] and
      .endpoints[0].pinned == ["203.0.113.10"] and
      .endpoints[2].host == "2001:db8::1" and .endpoints[2].control and
      .footprint.ports_one_host == 30 and .footprint.refused == null and
      .footprint.rotation == 1' out >/dev/null || return 1
  equals "$(jq -r .digest out)" "$(sha256sum good.yaml | cut -d' ' -f1)"
}
no_secret() {
  local options
  for options in '' --json '--path nat' '--path none'; do
    # shellcheck disable=SC2086 # words
    "$probe" check -c good.yaml $options >out 2>&1
    ! grep sesame out || return 1
  done
}
direct_alone() {
  run 0 -c good.yaml --path direct &&
      says 'no path is behind a NAT: none are held' &&
      ! grep -q 'by interface lo' out
}
check 'the plan is told in words' plan_in_words
check 'the plan is told in JSON' plan_as_json
check 'no secret is in either' no_secret
check 'one path alone' direct_alone

unknown_path() {
  run 2 -c good.yaml --path none && [ ! -s out ] && the_error \
      'good.yaml: no path "none", expected one of those under paths:'
}
check 'an unknown path is refused' unknown_path

refused() {
  sed 's/port-budget: 30/port-budget: 29/' good.yaml >small.yaml
  run 2 -c small.yaml && the_error "small.yaml: refused: 203.0.113.10:443:\
 0.2 attempts/s x (30s life + 2m hold-down) = 30 NAT ports, port-budget\
 allows 29; interval: 11s or port-budget: 30 would fit" &&
      says 'port-budget: 29, refused' &&
      run 2 -c small.yaml --json &&
      jq -e '.footprint.refused | test("= 30 NAT ports")' out >/dev/null &&
      sed 's/port-budget: 29/&\n  interval: 11s/' small.yaml >fits.yaml &&
      run 0 -c fits.yaml
}
fleet() {
  sed 's/port-budget: 30/&\n  fleet: 500/' good.yaml >fleet.yaml
  run 0 -c fleet.yaml && says '500 hosts x 30 ports = 15000' \
      'fires in one of 500'
}
check 'a plan over its budget is refused with what fits' refused
check 'a fleet takes turns' fleet

cat >bad.yaml <<'END'
paths:
  nat: { role: gnat }
endpoints:
  a:
    url: https://me:sesame@api.example.com/
    headers: [ "Authorization: ${NOT_SET}" ]
    verify: off
colour: red
END
all_errors() {
  run 2 -c bad.yaml && [ ! -s out ] && the_error \
      "bad.yaml:2: role: 'gnat', expected direct or nat" \
      "bad.yaml:5: url with a user or password, expected them in headers\
 (Authorization: ...)" \
      "bad.yaml:6: environment variable NOT_SET is not set, expected a value\
 for the header" \
      "bad.yaml:7: verify: 'off', expected yes or no, in these words only" \
      "bad.yaml:8: unknown key 'colour', expected one of agent, paths,\
 endpoints, schedule, timeouts, witness, whoami, gateway" \
      "bad.yaml:3: warning: no endpoint with control: yes, so a full port\
 pool and a bad path will look the same"
}
errors_in_json() {
  run 2 -c bad.yaml --json && jq -e '(.errors | length) == 5 and
      (.errors[0] | startswith("bad.yaml:2: ")) and
      (.warnings | length) == 1 and (has("footprint") | not)' out >/dev/null
}
check 'every error is told, with its line' all_errors
check 'errors are in the JSON too' errors_in_json

no_file() {
  run 2 -c none.yaml && the_error "none.yaml: cannot open: No such file or\
 directory, expected a readable YAML file"
}
folder() {
  run 2 -c . && the_error \
      '.: cannot read: Is a directory, expected a readable YAML file'
}
check 'a missing file takes one line' no_file
check 'a folder takes one line' folder

order_of_names() {
  NATDIFF_CONFIG=good.yaml run 0 && NATDIFF_CONFIG=none.yaml run 2 &&
      grep -q '^none.yaml: ' err &&
      NATDIFF_CONFIG=none.yaml run 0 --config=good.yaml && run 2 &&
      grep -q '^/etc/natdiff/natdiff.yaml: ' err
}
if [ -e /etc/natdiff/natdiff.yaml ]; then
  skip 'flag, then environment, then default' 'this host has the default'
else
  check 'flag, then environment, then default' order_of_names
fi

proxy() {
  HTTPS_PROXY=http://me:sesame@proxy:3128 run 0 -c good.yaml &&
      the_error "good.yaml: warning: the environment sets HTTPS_PROXY, which\
 is not used: an attempt goes through no proxy"
}
interface() {
  sed 's/interface: lo/interface: none0/' good.yaml >interface.yaml
  run 0 -c interface.yaml && the_error \
      'interface.yaml: warning: path nat: this host has no interface none0'
}
from_pipe() {
  run 0 -c <(cat good.yaml)
}
check 'a proxy in the environment is warned of' proxy
check 'an interface that is not there is warned of' interface
check 'a pipe is a file as well' from_pipe

names() {
  cat >names.yaml <<'END'
paths: { direct: { role: direct } }
endpoints:
  a: { url: "http://localhost/", control: yes }
END
  run 0 -c names.yaml && grep -Eq 'direct +localhost: (127.0.0.1|::1)' out
}
check 'names are resolved' names

# The manual page: its examples are read, and it names every key.
manual=$TOP_SRCDIR/probe/natdiff.yaml.5
examples() {
  sed -n '/^\.SH EXAMPLES/,/^\.SH SEE/p' "$manual" | sed 's/\\-/-/g' |
      awk '/^\.nf/ { f = "example" ++n ".yaml"; next }
          /^\.fi/ { f = "" }
          f { print >f }'
  sed -i "s|file:/etc/natdiff/key|file:key|; s|/etc/natdiff/private-ca.pem|$PWD/key|" \
      example2.yaml
  run 0 -c example1.yaml && run 0 -c example2.yaml --json &&
      jq -e '.footprint.fleet == 500 and (.endpoints | length) == 4' out \
          >/dev/null
}
names_every_key() {
  local key
  run 2 -c <(printf 'x: 1\npaths: { p: { x: 1 } }\nendpoints: { e: { x: 1 } }
agent: { x: 1 }\nschedule: { x: 1 }\ntimeouts: { x: 1 }\ngateway: { x: 1 }\n')
  sed -n "s/.*unknown key 'x', expected one of //p" err | tr -d ' ' |
      tr , '\n' >keys
  at_least "$(wc -l <keys)" 36 || return 1
  sed 's/\\-/-/g' "$manual" >keys.5
  while read -r key; do
    grep -Eq "^\.(SS $key\$|BI? $key:|BR $key:)" keys.5 ||
        { echo "$key is not in the manual"; return 1; }
  done <keys
}
check 'the examples of the manual are read' examples
check 'the manual names every key' names_every_key

usage() {
  run 0 --help && sed -n 3,5p out | grep -q '^  natdiff-probe check -c' &&
      run 2 --nonsense && [ ! -s out ] && [ -s err ] && run 2 -c &&
      run 2 argument && [ ! -s out ] && [ -s err ]
}
full_disk() {
  [ -c /dev/full ] || return 0
  "$probe" check -c good.yaml >/dev/full 2>err
  equals $? 1 && grep -q 'standard output' err
}
check 'help leads with examples, wrong usage ends with 2' usage
check 'output that cannot be written is an error' full_disk

done_testing
