# Failures by hour of the day, UTC: a bar of each path.
# Data: 0: hour, share failed of nat, of direct ("?": no attempts).
# Settings: top (a share: where the axis ends).
set bmargin at screen 24.0 / H
set xrange [0:24]
set yrange [0:top]
set xtics 0, (narrow ? 6 : 3), 24
set xtics format "%02.0fh"
set ytics ("0" 0, sprintf("%.0f %%%%", 50 * top) top / 2, sprintf("%.0f %%%%", 100 * top) top)
tall(share) = share <= 0 ? share : share < 0.03 * top ? 0.03 * top : share
plot data index 0 using 1:(0):($1 + 0.12):($1 + 0.49):(0):(tall($2)) with boxxyerror lc rgb nat, \
    "" index 0 using 1:(0):($1 + 0.51):($1 + 0.88):(0):(tall($3)) with boxxyerror lc rgb direct, \
    "" index 0 using ($1 + 0.12):($2 * 0):(0.76):(0) with vectors nohead lw 1.5 lc rgb ink
