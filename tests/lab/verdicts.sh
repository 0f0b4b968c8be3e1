#!/usr/bin/env bash
#
# The verdict lab: runs scenarios whose cause is known, each in a lab of its
# own, asks natdiff-report for the verdict and says how often it was right.
# `scripts/lab verdicts` starts it; a scenario is a file in scenarios/ (lib.sh
# says what is in one).

set -u
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH

lab_tests=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
top=$(cd "$lab_tests/../.." && pwd)
lab=$top/scripts/lab
# shellcheck source=tests/lab/lib.sh
. "$lab_tests/lib.sh"

EXIT_UNAVAILABLE=77
# A scenario takes two minutes at most; this is for one that hangs.
SCENARIO_SECONDS=400

usage() {
  cat <<'END_USAGE'
usage: lab verdicts [OPTION...]    how often is the verdict right?

  --list             the scenarios, and what is expected of each
  --only NAME,...    these only; a name may be a pattern: 'loss-*'
  --seeds N          each with the seeds 1 to N (1)
  --seed N           each with this seed
  --jobs N           so many at a time (12: they mostly wait)
  --keep DIR         leave the databases and reports in DIR/SCENARIO/ (where
                     there are several seeds: DIR/SCENARIO.SEED/)
  --judge DIR        no lab: judge what --keep has left in DIR, which may be
                     compressed (*.db.gz)
  --markdown FILE    the matrix, and what was named in each scenario, for
                     docs/verdict.md

Exit status: 0 all as expected, 1 not, 2 usage, 77 no lab to be had here.
END_USAGE
}

die() {
  echo "lab verdicts: $*" >&2
  exit 1
}

bad_usage() {
  echo "lab verdicts: $*" >&2
  echo "try: lab verdicts --help" >&2
  exit 2
}

# The programs: of the build that TOP_BUILDDIR names, of a build in the tree,
# or on the PATH.
program() {
  local d
  for d in "${TOP_BUILDDIR:-/nowhere}" "$top"; do
    if [ -x "$d/$1" ]; then
      echo "$d/$1"
      return
    fi
  done
  command -v "$1" || die "$1: not found (make builds it; TOP_BUILDDIR)"
}

number() {
  [[ $2 =~ ^[1-9][0-9]{0,3}$ ]] || bad_usage "$1: $2: expected a number"
}

parse_options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --list) do_list=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    --only | --seeds | --seed | --jobs | --keep | --judge | --markdown)
      [ $# -ge 2 ] || bad_usage "$1: no value"
      case $1 in
      --only) only=$2 ;;
      --keep) keep=$2 ;;
      --judge) judged=$2 ;;
      --markdown) markdown=$2 ;;
      --seeds)
        number "$1" "$2"
        first_seed=1 last_seed=$2
        ;;
      --seed)
        number "$1" "$2"
        first_seed=$2 last_seed=$2
        ;;
      --jobs)
        number "$1" "$2"
        jobs=$2
        ;;
      esac
      shift
      ;;
    *) bad_usage "$1: not understood" ;;
    esac
    shift
  done
}

# The scenarios that --only leaves, in order.
selected() {
  local name pattern found
  local -a patterns
  IFS=, read -r -a patterns <<<"${only:-*}"
  for pattern in "${patterns[@]}"; do
    found=
    while read -r name; do
      # shellcheck disable=SC2053 # a pattern
      if [[ $name == $pattern ]]; then
        echo "$name"
        found=yes
      fi
    done < <(scenario_names)
    [ -n "$found" ] || bad_usage "$pattern: no such scenario (--list)"
  done
}

list() {
  local name expectation
  for name in "${names[@]}"; do
    (
      load_scenario "$name" "$first_seed"
      echo "$name: ${expectations[0]}"
      for expectation in "${expectations[@]:1}"; do
        printf '%*s%s\n' $((${#name} + 2)) '' "$expectation"
      done
    )
  done
}

# folder NAME SEED: where a run's databases go.
folder() {
  if [ "$first_seed" -eq "$last_seed" ]; then
    echo "$keep/$1"
  else
    echo "$keep/$1.$2"
  fi
}

# record NAME SEED OUT: one run in a lab of its own, which ends with us.
record() {
  local out=$3 lab_dir child
  rm -rf "$out"
  mkdir -p "$out" || return
  lab_dir=$(mktemp -d "$work/lab.XXXXXX")
  load_scenario "$1" "$2"
  timeout -k 10 "$SCENARIO_SECONDS" "$lab" run -d "$lab_dir" \
    ${conditions[@]+"${conditions[@]}"} -- \
    bash "$lab_tests/record.sh" "$1" "$2" "$out" >"$out/lab.log" 2>&1 &
  child=$!
  trap 'kill $child; wait $child; exit 143' TERM
  wait "$child"
}

# report_of VIEW OUT: the report as JSON, in OUT/VIEW.json.
report_of() {
  local db dbs=()
  for db in "$2"/*.db; do
    if [ "${db##*/}" != gateway.db ] || [ "$1" = gateway ]; then
      dbs+=("$db")
    fi
  done
  "$report" diff --format json "${dbs[@]}" >"$2/$1.json" 2>"$2/$1.err"
}

member() {
  [[ " $2 " == *" $1 "* ]]
}

rank() {
  case $1 in
  strong) echo 3 ;;
  moderate) echo 2 ;;
  weak) echo 1 ;;
  *) echo 0 ;;
  esac
}

# value_of KEY EXPECTATION: its words, which end at the next key.
value_of() {
  local word inside='' value=''
  for word in $2; do
    case $word in
    "$1="*)
      inside=yes
      value=${word#*=}
      ;;
    *=*) inside= ;;
    *) [ -z "$inside" ] || value="$value $word" ;;
    esac
  done
  echo "$value"
}

# outcome CAUSE STRENGTH NOT_RULED_OUT EXPECTATION: one word.
#
#   ok          as expected
#   accused     a wrong accusation of the NAT
#   wrong       another wrong cause
#   unnamed     the cause should have been named
#   too-strong, too-weak, no-rival
#
# And of a run: no-counters, no-report, not-run.
outcome() {
  local cause=$1 strength=$2 others=$3 e=$4 least most rival
  least=$(value_of at-least "$e")
  most=$(value_of at-most "$e")
  rival=$(value_of rival "$e")
  if ! member "$cause" "$(value_of right "$e")"; then
    if ! member "$cause" "$(value_of also "$e")"; then
      case $cause in
      nat_*) echo accused ;;
      inconclusive) echo unnamed ;;
      *) echo wrong ;;
      esac
      return
    elif [ "$(value_of must "$e")" = yes ]; then
      echo unnamed
      return
    fi
  fi
  [[ $cause == nat_* ]] || least='' most='' rival=''
  if [ -n "$most" ] && [ "$(rank "$strength")" -gt "$(rank "$most")" ]; then
    echo too-strong
  elif [ -n "$least" ] && [ "$(rank "$strength")" -lt "$(rank "$least")" ]; then
    echo too-weak
  elif [ -n "$rival" ] && ! member "$rival" "$others"; then
    echo no-rival
  else
    echo ok
  fi
}

# judge NAME SEED OUT, of a scenario that is loaded: for each of its views a
# line `NAME SEED VIEW CAUSE STRENGTH OUTCOME RIGHT`, the last being the cause
# that is right, the first if there are several.
judge() {
  local name=$1 number=$2 out=$3 expectation view views verdict right
  local -a v
  for expectation in "${expectations[@]}"; do
    view=${expectation%% *}
    views=$view
    right=$(value_of right "$expectation")
    right=${right%% *}
    [ "$view" != any ] || views="hosts gateway"
    for view in $views; do
      if [ "$view" = gateway ] && [ ! -e "$out/gateway.db" ]; then
        echo "$name $number $view - - no-counters $right"
        continue
      fi
      if ! report_of "$view" "$out"; then
        echo "$name $number $view - - no-report $right"
        continue
      fi
      verdict=$(jq -r '.verdict | .cause, .strength // "none",
        ([.not_ruled_out[]?.cause] | join(" "))' "$out/$view.json")
      mapfile -t v <<<"$verdict"
      echo "$name $number $view ${v[0]} ${v[1]}" \
        "$(outcome "${v[0]}" "${v[1]}" "${v[2]-}" "$expectation")" "$right"
    done
  done
}

# one NAME SEED: recorded and judged, lines to its results file.
one() {
  local out results=$work/results/$1.$2
  out=$(folder "$1" "$2")
  if record "$1" "$2" "$out"; then
    judge "$1" "$2" "$out" >"$results.new"
  else
    echo "$1 $2 - - - not-run -" >"$results.new"
    sed "s/^/# $1: /" "$out/lab.log" | tail -n 5 >&2
  fi
  mv "$results.new" "$results"
  show <"$results"
}

# The lines of one run, as they come.
show() {
  local name number view cause strength outcome mark
  while read -r name number view cause strength outcome _; do
    mark=ok
    failing "$outcome" && mark=FAIL
    [ "$outcome" != no-counters ] || mark=skip
    [ "$outcome" != ok ] || outcome=
    printf '%-4s %-18s %3s %-8s %-22s %-9s %s\n' "$mark" "$name" "$number" \
      "$view" "$cause" "$strength" "$outcome"
  done
}

failing() {
  [ "$1" != ok ] && [ "$1" != no-counters ]
}

run_all() {
  local name number running=0
  for ((number = first_seed; number <= last_seed; number++)); do
    for name in "${names[@]}"; do
      if [ "$running" -ge "$jobs" ]; then
        wait -n
        running=$((running - 1))
      fi
      one "$name" "$number" &
      running=$((running + 1))
    done
  done
  wait
}

# What --keep left: the same lines, from databases that may be compressed.
judge_all() {
  local about name number out db
  for about in "$judged"/*/about; do
    [ -e "$about" ] || die "$judged: no recorded runs there"
    name=$(sed -n 's/^scenario=//p' "$about")
    number=$(sed -n 's/^seed=//p' "$about")
    member "$name" "${names[*]}" || continue
    out=$work/$name.$number
    mkdir -p "$out"
    for db in "${about%/about}"/*.db*; do
      case $db in
      *.db.gz)
        db=${db##*/}
        gzip -dc "${about%/about}/$db" >"$out/${db%.gz}"
        ;;
      *.db) cp "$db" "$out/" ;;
      esac
    done
    (
      load_scenario "$name" "$number"
      judge "$name" "$number" "$out"
    ) >"$work/results/$name.$number"
    rm -f "$out"/*.db
    show <"$work/results/$name.$number"
  done
}

# The confusion matrix of a view: a row for each cause that was true, a column
# for each that a verdict named, both in this order.  Counts are verdicts.
matrix() {
  cat "$work"/results/* | awk -v view="$1" '
    function letter(i) { return substr("abcdefghijklmnopqrstuvwxyz", i, 1) }
    BEGIN {
      n = split("healthy latency_only nat_port_exhaustion nat_port_reuse " \
        "nat_table_full nat_idle_timeout nat_path_loss nat_path_blocked " \
        "nat_path_interference edge_address_limit host_limit endpoint_down " \
        "dns_trouble inconclusive", causes)
    }
    $3 == view && $4 != "-" { count[$7, $4]++; truths[$7]++ }
    END {
      printf "| %-24s |", "true, named"
      for (j = 1; j <= n; j++) printf " %2s |", letter(j)
      printf "\n|%s|", substr("--------------------------------", 1, 26)
      for (j = 1; j <= n; j++) printf "---:|"
      printf "\n"
      for (i = 1; i <= n; i++) {
        if (!(causes[i] in truths)) continue
        printf "| %-24s |", letter(i) " " causes[i]
        for (j = 1; j <= n; j++) printf " %2s |", count[causes[i], causes[j]]
        printf "\n"
      }
    }'
}

# A row for each scenario: what was named, how strongly, and how often if more
# than once.
by_scenario() {
  cat "$work"/results/* | awk '
    function say(text, times) {
      return text (times > 1 ? " " times "x" : "")
    }
    function cell(scenario, view,  i, text) {
      for (i = 1; i <= kinds[scenario, view]; i++)
        text = text (i > 1 ? ", " : "") \
          say(kind[scenario, view, i], times[scenario, view, i])
      return text == "" ? "-" : text
    }
    {
      if (!($1 in rows)) { rows[$1]; order[++n] = $1 }
      said = $4 == "-" ? $6 : $4 ($5 == "none" ? "" : " (" $5 ")")
      if ($4 != "-" && $6 != "ok") said = said " **" $6 "**"
      for (i = 1; i <= kinds[$1, $3]; i++)
        if (kind[$1, $3, i] == said) break
      if (i > kinds[$1, $3]) { kinds[$1, $3] = i; kind[$1, $3, i] = said }
      times[$1, $3, i]++
    }
    END {
      print "| scenario | hosts alone | with the gateway'\''s counters |"
      print "|---|---|---|"
      for (i = 1; i <= n; i++)
        print "| " order[i] " | " cell(order[i], "hosts") " | " \
          cell(order[i], "gateway") " |"
    }'
}

tables() {
  echo "From the hosts alone:"
  echo
  matrix hosts
  echo
  echo "With the gateway's counters:"
  echo
  matrix gateway
}

total() {
  cat "$work"/results/* | awk '
    { n++; seen[$6]++ }
    END {
      without = seen["no-counters"] + 0
      good = seen["ok"] + 0
      printf "%d verdicts, %d as expected", n - without, good
      split("accused wrong unnamed too-strong too-weak no-rival no-report " \
        "not-run", kinds)
      for (i = 1; i in kinds; i++)
        if (kinds[i] in seen) printf ", %d %s", seen[kinds[i]], kinds[i]
      if (without)
        printf "; %d without the counters of the gateway", without
      printf "\n"
      exit n - without != good
    }'
}

main() {
  local reason
  only='' keep='' judged='' markdown='' do_list='' jobs=12
  first_seed=1 last_seed=1
  parse_options "$@"
  names=$(selected) || exit
  mapfile -t names <<<"$names"
  if [ -n "$do_list" ]; then
    list
    exit
  fi
  probe=$(program natdiff-probe) || exit
  report=$(program natdiff-report) || exit
  export probe report
  work=$(mktemp -d "${TMPDIR:-/tmp}/natdiff-verdicts.XXXXXX")
  # The labs end with their `lab run`, which ends with its shell.
  trap 'trap - TERM; kill -- $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  mkdir "$work/results"
  if [ -n "$judged" ]; then
    judge_all
  else
    if ! reason=$("$lab" check); then
      echo "lab verdicts: $reason" >&2
      exit "$EXIT_UNAVAILABLE"
    fi
    keep=${keep:-$work/runs}
    mkdir -p "$keep" || exit 1
    keep=$(cd "$keep" && pwd)
    run_all
  fi
  echo
  tables
  echo
  [ -z "$markdown" ] || {
    tables
    echo
    by_scenario
    echo
    total
  } >"$markdown"
  total
}

main "$@"; exit
