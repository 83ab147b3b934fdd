// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAME_LEN_MAX = 128, STOPS_MAX = 64, IMAGES_MAX = 256 };

const char *v1_path(const struct v1_request *r, const char *where, const char *name)
{
    return *where ? arena_printf(r->arena, "%s.%s", where, name) : name;
}

const char *v1_place(const struct v1_request *r, const char *where, const char *name, size_t i)
{
    return arena_printf(r->arena, "%s%s%s.%zu", where, *where ? "." : "", name, i);
}

enum err v1_wrong(struct v1_request *r, const char *where, const char *name, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX / 2];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    r->param = v1_path(r, where, name);
    return failed(ERR_INPUT, "'%s' %s", r->param, text);
}

enum err v1_read_text(struct v1_request *r, const json_t *o, const char *where, const char *name, str *out)
{
    const json_t *v = json_object_get(o, name);

    if (v == NULL || json_is_null(v))
        return OK;
    if (!json_is_string(v))
        return v1_wrong(r, where, name, "must be a string");
    *out = json_strval(v);
    return OK;
}

enum err v1_read_flag(struct v1_request *r, const json_t *o, const char *where, const char *name, bool *out)
{
    const json_t *v = json_object_get(o, name);

    if (v == NULL || json_is_null(v))
        return OK;
    if (!json_is_boolean(v))
        return v1_wrong(r, where, name, "must be true or false");
    *out = json_is_true(v);
    return OK;
}

enum err v1_read_number(struct v1_request *r, const json_t *o, const char *name, double least, double most, double *out)
{
    const json_t *v = json_object_get(o, name);

    if (v == NULL || json_is_null(v))
        return OK;
    if (!json_is_number(v))
        return v1_wrong(r, "", name, "must be a number");
    if (json_number_value(v) < least || json_number_value(v) > most)
        return v1_wrong(r, "", name, "must be between %g and %g", least, most);
    *out = json_number_value(v);
    return OK;
}

enum err v1_read_count(struct v1_request *r, const json_t *o, const char *name, int64_t *out)
{
    const json_t *v = json_object_get(o, name);

    if (v == NULL || json_is_null(v))
        return OK;
    if (!json_is_integer(v) || json_integer_value(v) < 1)
        return v1_wrong(r, "", name, "must be a whole number, 1 or more");
    *out = json_integer_value(v);
    return OK;
}

enum err v1_read_list(struct v1_request *r, const json_t *o, const char *where, const char *name, const json_t **out)
{
    const json_t *v = json_object_get(o, name);

    if (v == NULL || json_is_null(v))
        return OK;
    if (!json_is_array(v))
        return v1_wrong(r, where, name, "must be an array");
    *out = v;
    return OK;
}

enum err v1_read_object(struct v1_request *r, const json_t *o, const char *where, const char *name, const json_t **out)
{
    const json_t *v = json_object_get(o, name);

    if (v == NULL || json_is_null(v))
        return OK;
    if (!json_is_object(v))
        return v1_wrong(r, where, name, "must be an object");
    *out = v;
    return OK;
}

/* ---- how it is to be said ---- */

enum err v1_read_sampling(struct v1_request *r, const json_t *o, double hottest)
{
    double top_p = 1;

    TRY(v1_read_number(r, o, "temperature", 0, hottest, &r->prompt.temperature));
    TRY(v1_read_number(r, o, "top_p", 0, 1, &top_p));
    if (json_object_get(o, "top_p") && !json_is_null(json_object_get(o, "top_p")))
        r->prompt.top_p = top_p > 0 ? top_p : 1e-6;     /* 0 means "not set" to a prompt, and "the likeliest only" to callers */
    return OK;
}

enum err v1_read_stops(struct v1_request *r, const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name), *one;
    size_t i, n = json_is_array(v) ? json_array_size(v) : json_is_string(v);

    if (v == NULL || json_is_null(v))
        return OK;
    if ((!json_is_array(v) && !json_is_string(v)) || n > STOPS_MAX)
        return v1_wrong(r, "", name, "must be a string, or up to %d of them", STOPS_MAX);
    str *stops = arena_alloc(r->arena, (n + 1) * sizeof *stops);

    if (json_is_string(v))
        stops[0] = json_strval(v);
    json_array_foreach((json_t *)v, i, one) {
        if (json_strval(one).len == 0)
            return v1_wrong(r, v1_path(r, "", name), arena_printf(r->arena, "%zu", i), "must be a string, and not empty");
        stops[i] = json_strval(one);
    }
    r->prompt.stops = stops;
    r->prompt.n_stops = n;
    return OK;
}

enum err v1_read_effort(struct v1_request *r, const char *where, const char *name, str effort)
{
    static const char *const known[] = { "none", "minimal", "low", "medium", "high" };

    if (str_eq(effort, S("xhigh")) || str_eq(effort, S("max")))     /* more than a prompt has a word for */
        effort = S("high");
    for (size_t i = 0; i < N_ELEMENTS(known); i++)
        if (str_eq(effort, str_from(known[i]))) {
            r->prompt.effort = str_from(known[i]);
            return OK;
        }
    return effort.len ? v1_wrong(r, where, name, "must be none, minimal, low, medium or high") : OK;
}

static bool is_name(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return s.len > 0 && s.len <= NAME_LEN_MAX;
}

enum err v1_read_format(struct v1_request *r, const json_t *o, const char *where, str type)
{
    const json_t *schema = NULL;

    if (str_eq(type, S("text")))
        return OK;
    r->format_param = where;
    if (str_eq(type, S("json_object"))) {
        r->prompt.schema = S("{}");
        return OK;
    }
    if (!str_eq(type, S("json_schema")))
        return v1_wrong(r, where, "type", "must be text, json_object or json_schema");
    TRY(v1_read_object(r, o, where, "schema", &schema));
    TRY(v1_read_text(r, o, where, "name", &r->prompt.schema_name));
    if (schema == NULL)
        return v1_wrong(r, where, "schema", "is missing");
    if (r->prompt.schema_name.len && !is_name(r->prompt.schema_name))
        return v1_wrong(r, where, "name", "must be letters, digits, '_' and '-', up to %d", NAME_LEN_MAX);
    r->prompt.schema = json_print(r->arena, schema);
    return OK;
}

/* ---- tools ---- */

void v1_tools_room(struct v1_request *r, size_t n)
{
    r->tools = arena_alloc(r->arena, (n + 1) * sizeof *r->tools);
    r->prompt.tools = r->tools;
    r->prompt.n_tools = 0;
}

enum err v1_add_tool(struct v1_request *r, const char *where, const json_t *o, const char *schema_name)
{
    struct tool *t = ARENA_NEW(r->arena, struct tool);
    const json_t *schema = NULL;
    str name = NO_STR, description = S("");

    TRY(v1_read_text(r, o, where, "name", &name));
    TRY(v1_read_text(r, o, where, "description", &description));
    TRY(v1_read_object(r, o, where, schema_name, &schema));
    if (!is_name(name))
        return v1_wrong(r, where, "name", "must be letters, digits, '_' and '-', up to %d", NAME_LEN_MAX);
    for (size_t i = 0; i < r->prompt.n_tools; i++)
        if (str_eq(str_from(r->tools[i]->name), name))
            return v1_wrong(r, where, "name", "is another tool's already");
    t->name = arena_c(r->arena, name);
    t->description = arena_c(r->arena, description);
    t->schema = schema ? json_print(r->arena, schema).p : "{\"type\":\"object\",\"properties\":{}}";
    r->tools[r->prompt.n_tools++] = t;
    return OK;
}

enum err v1_choose_tool(struct v1_request *r, const char *where, str name)
{
    for (size_t i = 0; i < r->prompt.n_tools; i++)
        if (str_eq(str_from(r->tools[i]->name), name)) {
            r->prompt.tool_choice = CHOOSE_NAMED;
            r->prompt.tool_named = name;
            return OK;
        }
    return v1_wrong(r, where, "name", "is none of the tools");
}

enum err v1_read_tool_choice(struct v1_request *r, const json_t *body, const char *name_path)
{
    static const struct { const char *word; enum tool_choice choice; } words[] = {
        { "auto", CHOOSE_AUTO }, { "none", CHOOSE_NONE }, { "required", CHOOSE_REQUIRED },
    };
    const json_t *choice = json_at(body, "tool_choice");
    bool parallel = true;

    TRY(v1_read_flag(r, body, "", "parallel_tool_calls", &parallel));
    r->prompt.one_call = !parallel;
    if (choice == NULL)
        return OK;
    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (str_eq(json_strval(choice), str_from(words[i].word))) {
            r->prompt.tool_choice = words[i].choice;
            return OK;
        }
    if (strcmp(json_text(choice, "type"), "function") == 0)
        return v1_choose_tool(r, "tool_choice", json_text_str(choice, name_path));
    return v1_wrong(r, "", "tool_choice", "must be none, auto, required or a function");
}

/* ---- what is said ---- */

void v1_content_done(struct v1_content *c)
{
    buf_done(&c->joined);
}

void v1_content_text(struct v1_content *c, str text)
{
    if (c->n_texts++ == 0) {
        c->first = text;
        return;
    }
    if (c->n_texts == 2) {
        c->joined.max = SIZE_MAX / 2;
        buf_add(&c->joined, c->first);
    }
    buf_add_char(&c->joined, '\n');
    buf_add(&c->joined, text);
}

str v1_content_words(const struct v1_content *c, struct arena *a)
{
    return c->n_texts < 2 ? str_of(c->first.p ? c->first.p : "", c->first.len) : arena_str(a, buf_str(&c->joined));
}

enum err v1_content_image(struct v1_request *r, struct v1_content *c, const char *where, const char *name, struct image image)
{
    if (!str_starts(image.mime, S("image/")) || image.base64.len == 0)
        return v1_wrong(r, where, name, "must be an image in base64, with its type");
    if (c->images == NULL)
        c->images = arena_alloc(r->arena, IMAGES_MAX * sizeof *c->images);
    if (c->n_images == IMAGES_MAX)
        return v1_wrong(r, where, name, "is one image too many: a message has up to %d", IMAGES_MAX);
    c->images[c->n_images++] = image;
    return OK;
}

/* "data:image/png;base64,..." */
static enum err add_data_url(struct v1_request *r, struct v1_content *c, const char *where, const char *name, str url)
{
    str rest = url;
    size_t comma = str_find(rest, S(";base64,"));

    if (!str_eat(&rest, S("data:")) || comma == STR_NONE)
        return v1_wrong(r, where, name, "must be a data: URL such as data:image/png;base64,...; images are not fetched from other "
                                        "addresses");
    return v1_content_image(r, c, where, name, (struct image){ str_cut(url, 5, comma), str_skip(url, comma + 8) });
}

static enum err read_part(struct v1_request *r, const json_t *part, const char *where, struct v1_content *c)
{
    static const char *const texts[] = { "text", "input_text", "output_text" };
    const char *type = json_text(part, "type");
    str value = NO_STR;

    for (size_t i = 0; i < N_ELEMENTS(texts); i++)
        if (strcmp(type, texts[i]) == 0 || strcmp(type, "refusal") == 0) {
            TRY(v1_read_text(r, part, where, strcmp(type, "refusal") ? "text" : "refusal", &value));
            v1_content_text(c, value);
            return OK;
        }
    if (strcmp(type, "image_url") == 0)
        return add_data_url(r, c, v1_path(r, where, "image_url"), "url", json_text_str(part, "image_url.url"));
    if (strcmp(type, "input_image") == 0)
        return add_data_url(r, c, where, "image_url", json_text_str(part, "image_url"));
    return v1_wrong(r, where, "type", "is '%.40s'; only texts and images are taken", type);
}

enum err v1_read_content(struct v1_request *r, const json_t *o, const char *where, const char *name, struct v1_content *c)
{
    const json_t *v = json_object_get(o, name), *part;
    size_t i;

    if (v == NULL || json_is_null(v))
        return OK;
    if (json_is_string(v)) {
        v1_content_text(c, json_strval(v));
        return OK;
    }
    if (!json_is_array(v))
        return v1_wrong(r, where, name, "must be a string or an array of parts");
    json_array_foreach((json_t *)v, i, part) {
        const char *place = v1_place(r, where, name, i);

        if (!json_is_object(part))
            return v1_wrong(r, v1_path(r, where, name), arena_printf(r->arena, "%zu", i), "must be an object");
        TRY(read_part(r, part, place, c));
    }
    return OK;
}

void v1_add_call(struct v1_request *r, struct chat_message *m, const struct tool_call *call)
{
    struct tool_call *calls = arena_alloc(r->arena, (m->n_calls + 1) * sizeof *calls);

    if (m->n_calls)
        memcpy(calls, m->calls, m->n_calls * sizeof *calls);
    calls[m->n_calls++] = *call;
    m->calls = calls;
}

str v1_kept_from(struct arena *a, str text)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (buf_add_unbase64(&b, text) || json_parse(buf_str(&b), &j) || !json_is_string(json_at(j, "api"))
        || !json_is_array(json_at(j, "items")))
        return NO_STR;
    return arena_str(a, buf_str(&b));
}
