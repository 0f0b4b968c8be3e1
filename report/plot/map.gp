# Hosts by time, worst first: how much of what each tried failed.
# Data: cells, a block a level (0: none, 1: some, 2: a tenth and more, 3: half
# and more): from, to, row.
# Settings: from, to, rows.
step = time_step(to - from, (W - left - right) / 90)
set xdata time
set timefmt "%s"
set bmargin at screen 24.0 / H
set xrange [from:to]
set yrange [rows + 0.5:0.5]
set xtics ceil(from / step) * step, step
set format x time_format(step)
every = rows <= 12 ? 1 : rows <= 25 ? 2 : rows <= 60 ? 5 : rows <= 120 ? 10 : rows <= 300 ? 25 : 100
set ytics 1, every
unset grid
gap = rows <= 60 ? 0.42 : 0.5
plot for [k = 0:3] data index k using 1:3:1:2:($3 - gap):($3 + gap) \
    with boxxyerror lc rgb (k == 0 ? map0 : k == 1 ? map1 : k == 2 ? map2 : map3)
