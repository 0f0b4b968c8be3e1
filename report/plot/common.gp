# What all plots share.  Before it the program sets W and H, the size in
# pixels, and data, the file of the numbers.  A colour here is a number that
# the program turns into a class of the page's style sheet.
set terminal svg size W,H fixed noenhanced font "sans-serif,12" butt

ink = 0x010101
grid = 0x020202
nat = 0x030303
nat_soft = 0x040404
direct = 0x050505
direct_soft = 0x060606
band = 0x070707
level = 0x080808
mark = 0x090909
map0 = 0x0a0a0a
map1 = 0x0b0b0b
map2 = 0x0c0c0c
map3 = 0x0d0d0d

narrow = W < 500
left = 46.0
right = 8.0
set lmargin at screen left / W
set rmargin at screen 1 - right / W
set tmargin at screen 1 - 8.0 / H

unset key
set border 0
set style fill solid 1 noborder
set tics scale 0 nomirror textcolor rgb ink
set grid lt 1 lw 1 lc rgb grid
set datafile missing "?"

# An axis of time with about a label each 90 pixels: from, to in seconds.
time_step(span, most) = \
    span / most < 1 ? 1 : span / most < 2 ? 2 : span / most < 5 ? 5 : \
    span / most < 10 ? 10 : span / most < 15 ? 15 : span / most < 30 ? 30 : \
    span / most < 60 ? 60 : span / most < 120 ? 120 : \
    span / most < 300 ? 300 : span / most < 600 ? 600 : \
    span / most < 900 ? 900 : span / most < 1800 ? 1800 : \
    span / most < 3600 ? 3600 : span / most < 7200 ? 7200 : \
    span / most < 10800 ? 10800 : span / most < 21600 ? 21600 : \
    span / most < 43200 ? 43200 : ceil(span / most / 86400.0) * 86400
time_format(step) = step < 60 ? "%H:%M:%S" : step < 43200 ? "%H:%M" : "%d %b"
