# Connect times: the share of attempts that had connected by then, so that what
# never connects shows as what is missing to 100 %.
# Data: 0 nat, 1 direct: seconds, share; 2 steps: seconds, retransmits.
# Settings: least, most (seconds).
set bmargin at screen 24.0 / H
set logscale x
set xrange [least:most]
set yrange [0:1.04]
set xtics ("1 us" 1e-6, "10 us" 1e-5, "100 us" 1e-4, "1 ms" 1e-3, \
    "10 ms" 1e-2, "100 ms" 0.1, "1 s" 1, "10 s" 10, "100 s" 100, "1000 s" 1000)
set ytics ("0" 0, "50 %%" 0.5, "100 %%" 1)
plot data index 2 using 1:(0):(0):(1) with vectors nohead dt (2, 3) lw 1.5 lc rgb mark, \
    "" index 1 using 1:2 with steps lw 2 lc rgb direct, \
    "" index 0 using 1:2 with steps lw 2 lc rgb nat, \
    "" index 2 using 1:(0.88 - 0.16 * ($2 - 1)):(word("2nd 3rd 4th 5th 6th 7th", int($2)) . " SYN") \
	with labels right offset -0.5,0 textcolor rgb ink
