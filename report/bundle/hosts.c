/*
 * What each host was: kernel, sysctls, clock; a line a run, and the facts
 * again where they changed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "report/bundle/parts.h"
#include "report/names.h"
#include "report/output/printable.h"

/* Facts of more are cut off; ours are 2 KB. */
#define FACTS_BYTES_MAX 65536

/* Columns that differ from run to run: on the line of the run. */
static const char *const of_run[] = { "started", "ended", "ended_how",
	"attempts_planned", "attempts_fired", "lost_rows", "clock_synchronised",
	"clock_max_error_us", "clock_step_us" };

/* And a fact that does. */
static const char counting_fact[] = "nf_conntrack_count";

struct hosts {
	struct folder *folder;
	FILE *out;
	char *agent;           /* whose file it is */
	char *facts;           /* as written last */
	struct names gateways; /* as configured, each once */
	struct err *e;
};

static bool
is_of_run(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(of_run) / sizeof(of_run[0]); i++)
		if (strcmp(name, of_run[i]) == 0)
			return true;
	return false;
}

static void
add_line(struct text *t, const char *name, const char *value)
{
	char *shown = printable(value, 0);

	text_addf(t, "  %-40s %s\n", name, shown);
	free(shown);
}

/* The facts of a JSON object by name. */
static void
add_facts(struct text *t, const char *json)
{
	json_t *o = json_loads(json, 0, NULL), *value;
	const char *name;
	char *dumped, *shown;

	json_object_foreach(o, name, value)
	{
		if (json_is_null(value) || strcmp(name, counting_fact) == 0)
			continue;
		dumped = json_is_string(value)
		    ? x_strdup(json_string_value(value))
		    : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		shown = printable(name, 40);
		add_line(t, shown, dumped != NULL ? dumped : "?");
		free(shown);
		free(dumped);
	}
	json_decref(o);
}

/* All that is not of the run, as text. */
static char *
facts_of(const struct export_value *values, size_t n)
{
	struct text t;
	size_t i;

	text_init(&t, FACTS_BYTES_MAX);
	text_add(&t, "", 0);
	for (i = 0; i < n; i++) {
		if (values[i].type == EXPORT_NULL || is_of_run(values[i].name))
			continue;
		if (strcmp(values[i].name, "facts") == 0)
			add_facts(&t, values[i].text);
		else
			add_line(&t, values[i].name, values[i].text);
	}
	return t.s;
}

static const char *
value_of(const struct export_value *values, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(values[i].name, name) == 0)
			return values[i].type == EXPORT_NULL ? ""
							     : values[i].text;
	return "";
}

/* Finish the file of a host, if there is one. */
static int
end_host(struct hosts *h)
{
	FILE *out = h->out;

	free(h->agent);
	free(h->facts);
	h->agent = h->facts = NULL;
	h->out = NULL;
	return out != NULL ? folder_finish(h->folder, out, h->e) : 0;
}

static int
begin_host(struct hosts *h, const char *agent, const char *host)
{
	char *name = folder_name(host), *id = folder_name(agent), *file;

	file = x_asprintf("host/%s-%.8s.txt", name, id);
	if (folder_has(h->folder, file)) {
		/* Of the same name, by another who chose its id. */
		free(file);
		file = x_asprintf("host/%s-%s-%zu.txt", name, id, h->folder->n);
	}
	h->out = folder_create(h->folder, file, h->e);
	h->agent = x_strdup(agent);
	free(file);
	free(name);
	free(id);
	return h->out != NULL ? 0 : -1;
}

static void
write_run(FILE *out, const struct export_value *values, size_t n)
{
	const char *separator = "run: ";
	char *shown;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!is_of_run(values[i].name) || values[i].type == EXPORT_NULL)
			continue;
		shown = printable(values[i].text, 0);
		fprintf(out, "%s%s %s", separator, values[i].name, shown);
		free(shown);
		separator = ", ";
	}
	fputs("\n", out);
}

static int
on_run(void *context, const struct export_value *values, size_t n)
{
	const char *agent = value_of(values, n, "agent");
	const char *gateway = value_of(values, n, "gateway");
	struct hosts *h = context;
	char *facts;

	if (h->agent == NULL || strcmp(h->agent, agent) != 0) {
		if (end_host(h) != 0 ||
		    begin_host(h, agent, value_of(values, n, "host")) != 0)
			return -1;
	}
	facts = facts_of(values, n);
	if (h->facts == NULL || strcmp(facts, h->facts) != 0) {
		fprintf(h->out, "%s%s", h->facts == NULL ? "" : "\nchanged:\n",
		    facts);
		free(h->facts);
		h->facts = facts;
	} else {
		free(facts);
	}
	write_run(h->out, values, n);
	if (*gateway != '\0')
		names_add(&h->gateways, gateway);
	return 0;
}

/* What the hosts' configuration says of the gateway: not measured. */
static int
write_gateways(struct hosts *h)
{
	FILE *out;
	char *shown;
	size_t i;

	if (h->gateways.n == 0)
		return 0;
	out = folder_create(h->folder, "gateway/configured.txt", h->e);
	if (out == NULL)
		return -1;
	fputs("The gateway as the probes' configuration describes it; nothing "
	      "of this was measured.\n",
	    out);
	for (i = 0; i < h->gateways.n; i++) {
		shown = printable(h->gateways.text[i], 0);
		fprintf(out, "%s\n", shown);
		free(shown);
	}
	return folder_finish(h->folder, out, h->e);
}

int
part_hosts(struct folder *f, const struct bundle_source *s, struct err *e)
{
	struct err said = { 0, "" };
	struct hosts h = { .folder = f, .e = &said };
	struct export_sink sink = { NULL, on_run, &h };
	int result = rows_each(s->rows, ROWS_RUNS, &sink, e);

	if (end_host(&h) != 0 || said.msg[0] != '\0' ||
	    (result == 0 && write_gateways(&h) != 0)) {
		*e = said;
		result = -1;
	}
	names_clear(&h.gateways);
	return result;
}
