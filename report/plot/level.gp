# One series over time, under failures.gp: bars from nought.
# Data: 0 bins: from, to, value ("?": not known); 1 episodes; 2 notes.
# Settings: from, to, most, labelled.
step = time_step(to - from, (W - left - right) / 90)
set xdata time
set timefmt "%s"
set bmargin at screen (labelled ? 24.0 : 6.0) / H
top = most > 0 ? most : 1
set xrange [from:to]
set yrange [0:top * 1.05]
set xtics ceil(from / step) * step, step
set format x (labelled ? time_format(step) : "")
set ytics (0, top)
set format y (top < 100000 ? "%.0f" : "%.0s%c")
tall(x) = x <= 0 ? x : x < 0.04 * top ? 0.04 * top : x

plot data index 1 using 1:(0):1:2:(0):(top * 1.05) with boxxyerror lc rgb band, \
    data index 0 using 1:(0):1:2:(0):(tall($3)) with boxxyerror lc rgb level, \
    "" index 0 using 1:($3 * 0):($2 - $1):(0) with vectors nohead lw 1.5 lc rgb ink, \
    data index 2 using 1:(0):(0):(top * 1.05) with vectors nohead dt (2, 3) lw 1.5 lc rgb mark
