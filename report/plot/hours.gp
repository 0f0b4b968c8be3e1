# Failures by hour of the day, UTC: a bar of each path.
# Data: 0: hour, share failed of nat, of direct ("?": no attempts).
# Settings: most.
set bmargin at screen 24.0 / H
top = most > 0.04 ? most * 1.05 : 0.05
set xrange [0:24]
set yrange [0:top]
set xtics 0, (narrow ? 6 : 3), 24
set xtics format "%02.0fh"
set format y (top < 0.1 ? "%.1f %%" : "%.0f %%")
set ytics (0, 100 * (top / 1.05)) 
set yrange [0:100 * top]
tall(share) = share <= 0 ? share : share < 0.03 * top ? 3 * top : 100 * share
plot "data" index 0 using 1:(0):($1 + 0.12):($1 + 0.49):(0):(tall($2)) with boxxyerror lc rgb nat, \
    "" index 0 using 1:(0):($1 + 0.51):($1 + 0.88):(0):(tall($3)) with boxxyerror lc rgb direct, \
    "" index 0 using ($1 + 0.12):($2 * 0):(0.76):(0) with vectors nohead lw 1.5 lc rgb ink
