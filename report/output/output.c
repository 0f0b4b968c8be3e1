/*
 * The table of formats.
 */
#include "config.h"

#include <string.h>

#include "report/output/output.h"

static const struct output_format formats[] = {
	{ "text", output_text },
	{ "json", output_json },
	{ "html", output_html },
	{ "markdown", output_markdown },
};

const struct output_format *
output_find(const char *name, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(name, formats[i].name) == 0)
			return &formats[i];
	err_set(e,
	    "%s: no such format, there are text, html, markdown and json",
	    name);
	return NULL;
}
