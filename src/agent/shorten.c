// SPDX-License-Identifier: Apache-2.0
#include "agent/shorten.h"

#include "tool/capture.h"

enum { LINE = 64 };         /* room of the line that says so: cutting must not make it longer */

str shorten_text(struct arena *a, str text, size_t max)
{
    CLEANUP(capture_done) struct capture c = { .max = max };

    if (text.len <= max + LINE)
        return text;
    capture_add(&c, text);
    return capture_text(&c, a);
}

/* They stay a JSON object: each text in it is cut, and what is long otherwise is left out. */
static str shorten_arguments(struct arena *a, str arguments, size_t max)
{
    CLEANUP(json_decrefp) json_t *in = NULL, *out = json_object();
    const char *key;
    json_t *v;

    if (arguments.len <= max + LINE)
        return arguments;
    if (json_parse(arguments, &in) != OK || !json_is_object(in)) {
        json_object_set_new(out, "not_json", json_from_str(shorten_text(a, arguments, max)));
        return json_print(a, out);
    }
    json_object_foreach(in, key, v) {
        bool is_long = !json_is_string(v) && json_print(a, v).len > max;

        json_object_set_new(out, key, is_long            ? json_string("... left out ...")
                                      : json_is_string(v) ? json_from_str(shorten_text(a, json_strval(v), max))
                                                          : json_incref(v));
    }
    return json_print(a, out);
}

void shorten_message(struct arena *a, struct chat_message *m, size_t max)
{
    struct tool_call *calls = arena_alloc(a, m->n_calls * sizeof *calls);

    if (m->role == ROLE_TOOL)
        m->text = shorten_text(a, m->text, max);
    for (size_t i = 0; i < m->n_calls; i++)
        calls[i] = (struct tool_call){ m->calls[i].id, m->calls[i].name, shorten_arguments(a, m->calls[i].arguments, max) };
    m->calls = m->n_calls ? calls : m->calls;
}
