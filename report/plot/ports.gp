# Public ports seen, over time.
# Data: 0 cells: from, to, first port, first port of the next row.
# Settings: from, to, lowest, highest (ports).
step = time_step(to - from, (W - left - right) / 90)
set xdata time
set timefmt "%s"
set bmargin at screen 24.0 / H
set xrange [from:to]
set yrange [lowest:highest + 1]
set xtics ceil(from / step) * step, step
set format x time_format(step)
set ytics (lowest, highest)
set format y "%.0f"
plot data index 0 using 1:3:1:2:3:4 with boxxyerror lc rgb nat
