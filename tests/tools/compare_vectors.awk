# awk -f compare_vectors.awk KEYS tolerances.csv EXPECTED CANDIDATE
#
# Compares the last columns of two CSV files whose other columns name the
# value.  Where there is a column "key", only the keys of KEYS are compared.
# Prints what differs and a line of counts; exits 1 on any difference.
BEGIN { FS = "," }

# A shell pattern with * and ? as a regular expression.
function regex(glob)
{
	gsub(/[.]/, "[.]", glob)
	gsub(/\*/, ".*", glob)
	gsub(/\?/, ".", glob)
	return "^" glob "$"
}

function wanted(key,	i)
{
	for (i = 1; i <= nkeys; i++)
		if (key ~ keys[i])
			return 1
	return 0
}

function report(what)
{
	print what
	bad++
}

function magnitude(x)
{
	return x < 0 ? -x : x
}

# Small p-values are compared by their logarithm, all else by the first
# pattern that fits: close enough absolutely or relative to what is expected.
function near(key, e, c,	i, d)
{
	if (key ~ /_p$/ && key !~ /^ks/ && e > 0 && e < 1e-6)
		return c > 0 && magnitude(log(e) - log(c)) <= 1e-6 * log(10)
	for (i = 1; i <= ntol; i++)
		if (key ~ tol[i])
			break
	d = magnitude(e - c)
	if (i > ntol)
		return d <= 1e-9 || d <= 1e-9 * magnitude(e)
	return d <= abs_tol[i] || d <= rel_tol[i] * magnitude(e)
}

function special(v)
{
	return v !~ /^-?[0-9]/
}

FNR == 1 { file++ }
{ sub(/\r$/, "") }
file == 1 && !/^#/ && NF > 0 { keys[++nkeys] = regex($1) }
file == 2 && FNR > 1 {
	tol[++ntol] = regex($1)
	abs_tol[ntol] = $2
	rel_tol[ntol] = $3
}
file < 3 { next }
{
	value = $NF
	name = substr($0, 1, length($0) - length(value) - 1)
}
file == 3 && FNR == 1 { by_key = $(NF - 1) == "key" }
FNR == 1 {
	if (file == 3)
		header = $0
	else if ($0 != header)
		report("HEADER " $0 " is not " header)
	next
}
file == 3 && (!by_key || wanted($(NF - 1))) {
	expected[name] = value
	key[name] = $(NF - 1)
	order[++n] = name
}
file == 4 {
	if (name in candidate)
		report("TWICE " name)
	candidate[name] = value
}
END {
	for (i = 1; i <= n; i++) {
		k = order[i]
		e = expected[k]
		if (!(k in candidate)) {
			report("MISSING " k)
			continue
		}
		c = candidate[k]
		if (special(e) || special(c)) {
			if (e != c)
				report("DIFFERS " k ": " e " expected, got " c)
		} else if (!near(key[k], e + 0, c + 0)) {
			report("DIFFERS " k ": " e " expected, got " c)
		}
	}
	print "# " n " compared, " bad + 0 " bad"
	exit bad > 0
}
