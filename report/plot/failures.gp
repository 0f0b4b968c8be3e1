# Failures over time: the NAT path above the line, the direct one below it.
# Data: 0 bins: from, to, share failed of nat, share in trouble, the same of
# direct ("?": no attempts); 1 episodes: from, to; 2 notes: time.
# Settings: from, to, labelled, top (a share: where the axis ends).
step = time_step(to - from, (W - left - right) / 90)
set xdata time
set timefmt "%s"
set bmargin at screen (labelled ? 24.0 : 6.0) / H
set xrange [from:to]
set yrange [-top:top]
set xtics ceil(from / step) * step, step
set format x (labelled ? time_format(step) : "")
set ytics (sprintf("%.0f %%%%", 100 * top) top, "0" 0, sprintf("%.0f %%%%", 100 * top) -top)

# What is there is seen: 4 % of the height at the least.
tall(share) = share <= 0 ? share : share < 0.04 * top ? 0.04 * top : share

plot data index 1 using 1:(0):1:2:(-top):(top) with boxxyerror lc rgb band, \
    data index 0 using 1:(0):1:2:(0):(tall($4)) with boxxyerror lc rgb nat_soft, \
    "" index 0 using 1:(0):1:2:(-tall($6)):(0) with boxxyerror lc rgb direct_soft, \
    "" index 0 using 1:(0):1:2:(0):(tall($3)) with boxxyerror lc rgb nat, \
    "" index 0 using 1:(0):1:2:(-tall($5)):(0) with boxxyerror lc rgb direct, \
    "" index 0 using 1:($3 * 0):($2 - $1):(0) with vectors nohead lw 1.5 lc rgb ink, \
    "" index 0 using 1:($5 * 0):($2 - $1):(0) with vectors nohead lw 1.5 lc rgb ink, \
    data index 2 using 1:(-top):(0):(2 * top) with vectors nohead dt (2, 3) lw 1.5 lc rgb mark
