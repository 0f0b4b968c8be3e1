#!/usr/bin/env bash
#
# natdiff-report diff --format html: the file, what gnuplot is told, and what a
# browser makes of it.  The databases are recorded runs of the lab.

# shellcheck source=tests/functional/tap.sh
. "$TOP_SRCDIR/tests/functional/tap.sh"
data=$TOP_SRCDIR/tests/data/verdicts
cd "$work" || exit 1

for name in one-host peak-hours; do
  mkdir "$name"
  for file in "$data/$name"/*.gz; do
    gzip -dc "$file" >"$name/$(basename "$file" .gz)"
  done
done

# html NAME FILE...: NAME.html
html() {
  local name=$1
  shift
  "$report" diff --format html -o "$name.html" "$@"
}

have_gnuplot=
! command -v gnuplot >/dev/null || have_gnuplot=yes

# ------------------------------------------------------------------ the file

check "writes a report with -o" html peak peak-hours/*.db
check "the verdict comes before anything else" matches \
  "$(sed -n '/<body>/,/<\/h1>/p' peak.html | tr -d '\n')" \
  '^<body><header.*nat_port_exhaustion.*no free port'
complete() { equals "$(tail -n 1 peak.html)" '</html>'; }
check "and is complete" complete

same() {
  html again peak-hours/*.db &&
    diff <(sed 's/report of [0-9T:Z-]*//' peak.html) \
      <(sed 's/report of [0-9T:Z-]*//' again.html)
}
check "the same input gives the same bytes, but for the time" same

nothing_outside() {
  if grep -nEi 'src=|@import|url\(|<script|<iframe|<link rel="(style|pre)|href="[^#d]' peak.html; then
    return 1
  fi
}
check "nothing in it is fetched from anywhere" nothing_outside

keeps() {
  echo before >kept.html
  ! "$report" diff --format html -o kept.html one-host/none.db 2>/dev/null &&
    equals "$(cat kept.html)" before
}
check "a report that fails leaves what was there" keeps
left_over() { equals "$(find . -name 'kept.html?*')" ''; }
check "and nothing beside it" left_over
no_place() {
  ! "$report" diff -o none/x.html one-host/nat1.db 2>err && equals "$(wc -l <err)" 1 &&
    contains "$(cat err)" 'none/x.html: '
}
check "a place that there is not: one clear line" no_place
link() {
  : >real.html
  ln -s real.html link.html
  html link peak-hours/*.db && [ -L link.html ] && grep -q '</html>' real.html
}
check "a symbolic link stays one" link
to_pipe() { "$report" diff --format html -o /dev/stdout peak-hours/*.db | grep -q '</html>'; }
check "a pipe is written as it is" to_pipe

plots() { equals "$(grep -c '<svg class="plot wide"' peak.html)" "$1"; }
if [ -n "$have_gnuplot" ]; then
  # Three lanes, the gateway, the census, three distributions.
  check "each plot is drawn" plots 8
else
  skip "each plot is drawn" "no gnuplot"
fi

# A far end that tells the port it saw.
for db in one-host/nat*.db; do
  sqlite3 "$db" "INSERT OR IGNORE INTO address (address) VALUES ('203.0.113.2');
    UPDATE attempt SET observed_port = 20000 + id % 40, observed_address_id =
      (SELECT id FROM address WHERE address = '203.0.113.2') WHERE failure IS NULL"
done
html one-host one-host/*.db
check "public ports are shown" contains "$(cat one-host.html)" \
  'seen by far ends, from 20000 to 20039'
check "and the starved host of three is named" contains "$(cat one-host.html)" \
  '<li><bdi>nat1</bdi> <span>157 of 300 failed, 52.3 %; <b>shown by a test of its own</b>'

# --------------------------------------------------------------- no gnuplot

mkdir bin
for tool in cat env; do ln -s "$(command -v $tool)" bin/; done
without() {
  PATH=$work/bin "$report" diff --format html -o without.html peak-hours/*.db 2>err
  equals "$?" 0 && equals "$(wc -l <err)" 1 && contains "$(cat err)" gnuplot-nox &&
    contains "$(cat without.html)" 'There are no plots in this report: gnuplot is not installed' &&
    equals "$(grep -c '<svg' without.html)" 0
}
check "without gnuplot: a report without plots, which is said" without

# -------------------------------------------------------- a hostile database

mkdir hostile
cp one-host/*.db hostile/
# Hebrew, an override, and markup in all kinds of places.
for db in hostile/*.db; do
  sqlite3 "$db" "
    UPDATE run SET host_name = host_name || '\"><script>alert(1)</script>' || char(0x5d0, 0x5d1, 0x202e);
    UPDATE endpoint SET name = name || '</title></svg><img src=x onerror=alert(2)>''\`' || char(0x5d0),
      url = 'https://x/\"onmouseover=alert(3)';
    INSERT INTO note (at, written_at, text) SELECT min(started_at), 1,
      '<style>*{display:none}</style>' || printf('%.3000c', 'n') || char(10) || '\"; system \"touch pwned\"; \"'
      FROM attempt HAVING count(*) > 0;
    INSERT INTO note (at, written_at, text) SELECT max(started_at), 1, char(0x627, 0x644, 0x202e) || ' end'
      FROM attempt HAVING count(*) > 0;" \
    >/dev/null
done
check "a hostile database has its report" html hostile hostile/*.db
harmless() {
  if grep -nE '<(script|img|style>\*)|[^;]onerror=[^a]| onmouseover=[^a]' hostile.html; then return 1; fi
  contains "$(cat hostile.html)" '<bdi>אב</bdi>\u{202e}' &&
    equals "$(grep -c '<style>' hostile.html)" 1 &&
    ! grep -q "$(printf '\342\200\256')" hostile.html
}
check "whose names are text, and their directions isolated" harmless

# A gnuplot that keeps what it is given.
cat >bin/gnuplot <<END
#!/bin/sh
PATH=$PATH
i=\$(ls "$work/told" | wc -l)
mkdir "$work/told/\$i"
printf '%s\n' "\$@" >"$work/told/\$i/arguments"
cp "\$2" "$work/told/\$i/script"
cp "\$(sed -n 's/^data = "\(.*\)"\$/\1/p' "\$2")" "$work/told/\$i/data"
exec gnuplot "\$@"
END
chmod +x bin/gnuplot
told() {
  local dir plot words scripts=$TOP_SRCDIR/report/plot
  mkdir told
  PATH=$work/bin "$report" diff --format html -o told.html hostile/*.db || return
  at_least "$(find told -name data | wc -l)" 8 || return
  for dir in told/*; do
    equals "$(tr -s 0-9 N <"$dir/arguments" | tr '\n' ' ')" '-d /dev/fd/N ' || return
    # Numbers, and "?" for what there is none of.
    if grep -nvE '^([0-9.e+?-]+ ?)*$' "$dir/data"; then return 1; fi
    # Words of the scripts, and numbers.
    words='^([A-Za-z]+ = [0-9.e+-]+|data = "/dev/fd/[0-9]+")$'
    sed '/^#/,$d' "$dir/script" >settings
    if grep -nvE "$words" settings; then return 1; fi
    for plot in "$scripts"/*.gp; do
      ! cat settings "$scripts/common.gp" "$plot" | cmp -s - "$dir/script" || continue 2
    done
    echo "$dir has another script"
    return 1
  done
  [ ! -e pwned ]
}
if [ -n "$have_gnuplot" ]; then
  check "gnuplot is told numbers and our own scripts, nothing else" told
else
  skip "gnuplot is told numbers and our own scripts, nothing else" "no gnuplot"
fi

# ---------------------------------------------------------------- large ones

# A database with a year of slots of one host, from make_attempts.
large() {
  "$tools/make_attempts" large.db 300000 3 1 && html large large.db &&
    at_least 2000000 "$(stat -c %s large.html)"
}
check "300,000 attempts take less than 2 MB" large
# Each endpoint's sum on the page is that of the database: none was thinned out.
every_failure() {
  local name failed
  while IFS='|' read -r name failed; do
    contains "$(grep -A3 "<bdi>$name</bdi>" large.html)" "NAT $failed of" || return
  done < <(sql large.db "SELECT endpoint, count(*) FROM attempts
    WHERE role = 'nat' AND failure IS NOT NULL GROUP BY 1")
}
check "with every failure counted" every_failure

# --------------------------------------------------------------- the browser

# seen NAME FILTER: what jq makes of what the browser saw of NAME.html
seen() { jq -c "$2" "$1.json"; }

# browses NAME: as nobody's surprise
browses() {
  local name=$1
  mkdir "$name.shots"
  /usr/bin/python3 "$TOP_SRCDIR/tests/tools/browse.py" "$name.html" "$name.shots" >"$name.json" || {
    tail -n 5 "$name.shots/browser.log"
    return 1
  }
}

browser_tests() {
  local name
  for name in one-host hostile large; do
    check "$name: a browser shows it" browses "$name"
    check "$name: nothing but the file is asked for" equals \
      "$(seen "$name" '.requests')" "[\"file://$work/$name.html\"]"
    check "$name: no complaint on the console" equals "$(seen "$name" '.console')" '[]'
    check "$name: no script in it" equals "$(seen "$name" '[.views[].scripts] | unique')" '[0]'
    check "$name: nothing to scroll sideways at 390 and 1400 pixels" equals \
      "$(seen "$name" '[.views[] | select(.overflow > 0) | [.name, .overflow]]')" '[]'
    check "$name: contrast is WCAG AA, in light and in dark" equals \
      "$(seen "$name" '[.views[] | select(.texts < 50 or .low != []) | [.name, .texts, .low]]')" '[]'
    check "$name: it prints" at_least "$(seen "$name" .pdf)" 20000
  done
  check "hostile: the names are there to read" contains "$(seen hostile '.views[2].text')" \
    '<script>alert(1)</script>אב\\u{202e}'
}

# A gnuplot that never ends, as soon as it has told that it began.
gone() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
interrupted() {
  local pid i
  mkdir slow temporary
  printf '#!/bin/sh\necho $$ >"%s/pid"\nmv "%s/pid" "%s/began"\nexec sleep 60\n' \
    "$work" "$work" "$work" >slow/gnuplot
  chmod +x slow/gnuplot
  TMPDIR=$work/temporary PATH=$work/slow:$PATH \
    "$report" diff --format html -o interrupted.html peak-hours/*.db 2>err &
  pid=$!
  for i in $(seq 300); do
    [ ! -e began ] || break
    sleep 0.1
  done
  kill -TERM "$pid"
  wait "$pid"
  equals "$?" 143 &&
    equals "$(find . -path "./temporary/*" -o -name "interrupted*")" "" || return
  for i in $(seq 50); do
    ! gone "$(cat began)" || return 0
    sleep 0.1
  done
  echo "gnuplot goes on"
  return 1
}
check "a report that is interrupted leaves nothing behind, nor a gnuplot" interrupted

if command -v chromium >/dev/null && /usr/bin/python3 -c 'import websockets' 2>/dev/null; then
  browser_tests
else
  skip "a browser shows it" "no chromium, or no python3-websockets"
fi
done_testing
