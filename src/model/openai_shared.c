// SPDX-License-Identifier: Apache-2.0
#include "model/openai_shared.h"

#include <string.h>

#include "model/api.h"
#include "model/quirks.h"

enum err openai_list_models(struct arena *a, const struct model_target *t, struct http_request *out)
{
    api_request(a, t, &(struct api_head){ "models", "Authorization" }, NO_STR, out);
    return OK;
}

enum err openai_listed(struct arena *a, str body, const char ***ret_names, size_t *ret_n)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(body, &j) != OK || !json_is_array(json_at(j, "data")))
        return failed(ERR_REMOTE, "the list of models is not what an OpenAI-compatible server sends");
    api_names(a, json_at(j, "data"), "id", ret_names, ret_n);
    return OK;
}

void openai_add_text(struct buf *b, str before, str text)
{
    buf_add(b, before);
    json_add_string(b, text);
}

static void add_number(struct buf *b, str before, double value)
{
    CLEANUP(json_decrefp) json_t *number = json_real(value);

    buf_add(b, before);
    json_print_to(b, number);
}

void openai_add_data_url(struct buf *b, str before, const struct image *image)
{
    CLEANUP(buf_done) struct buf url = { .max = SIZE_MAX / 2 };

    buf_addf(&url, "data:%.*s;base64,", STR(image->mime));
    buf_add(&url, image->base64);
    openai_add_text(b, before, buf_str(&url));
}

bool openai_offers_tools(const struct prompt *p, unsigned quirks)
{
    bool unspeakable = p->tool_choice == CHOOSE_NONE && (quirks & QUIRK_NO_TOOL_CHOICE);

    return p->n_tools && !(quirks & QUIRK_NO_TOOLS) && !unspeakable;
}

void openai_add_choice(struct buf *b, const struct prompt *p, unsigned quirks, str before, str after)
{
    if (!(quirks & QUIRK_NO_TOOL_CHOICE) && p->tool_choice != CHOOSE_AUTO) {
        buf_add(b, S(",\"tool_choice\":"));
        if (p->tool_choice == CHOOSE_NAMED) {
            openai_add_text(b, before, p->tool_named);
            buf_add(b, after);
        } else {
            buf_add(b, p->tool_choice == CHOOSE_NONE ? S("\"none\"") : S("\"required\""));
        }
    }
    if (p->one_call && !(quirks & QUIRK_NO_PARALLEL_CALLS))
        buf_add(b, S(",\"parallel_tool_calls\":false"));
}

void openai_add_randomness(struct buf *b, const struct prompt *p, unsigned quirks)
{
    if (p->temperature >= 0 && !(quirks & QUIRK_NO_TEMPERATURE))
        add_number(b, S(",\"temperature\":"), p->temperature);
    if (p->top_p > 0 && !(quirks & QUIRK_NO_TOP_P))
        add_number(b, S(",\"top_p\":"), p->top_p);
}

/* Any JSON will do. */
static bool wants_any_json(const struct prompt *p)
{
    return str_eq(p->schema, S("{}"));
}

enum openai_format openai_format(const struct prompt *p, unsigned quirks)
{
    bool object = wants_any_json(p) || (quirks & QUIRK_NO_JSON_SCHEMA);

    if (p->schema.len == 0)
        return FORMAT_NONE;
    if (object && !(quirks & QUIRK_NO_JSON_OBJECT))
        return FORMAT_OBJECT;
    return quirks & QUIRK_NO_JSON_SCHEMA ? FORMAT_NONE : FORMAT_SCHEMA;
}

/* --- what has to be said in words, for want of a field --- */

/* The API wants the word JSON to be said where any JSON will do, and a schema where the server takes none. */
static str json_wish(struct arena *a, const struct prompt *p, unsigned quirks)
{
    if (p->schema.len == 0 || (!wants_any_json(p) && !(quirks & QUIRK_NO_JSON_SCHEMA)))
        return NO_STR;
    if (wants_any_json(p))
        return S("Answer with nothing but JSON.");
    return str_from(arena_printf(a, "Answer with nothing but JSON of this JSON Schema: %.*s", STR(p->schema)));
}

static str join(struct arena *a, str one, str two)
{
    return one.len && two.len ? str_from(arena_printf(a, "%.*s\n\n%.*s", STR(one), STR(two))) : one.len ? one : two;
}

/* Templates that know no system message want user and assistant by turns, so it goes into the user's next. */
static size_t give_to_user(struct arena *a, struct chat_message *m, size_t n)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        bool joins = m[i].role == ROLE_SYSTEM && i + 1 < n && (m[i + 1].role == ROLE_USER || m[i + 1].role == ROLE_SYSTEM);

        if (joins) {
            m[i + 1].text = join(a, m[i].text, m[i + 1].text);
            continue;
        }
        m[left] = m[i];
        if (m[left].role == ROLE_SYSTEM)
            m[left].role = ROLE_USER;
        left++;
    }
    return left;
}

void openai_adapt(struct arena *a, struct prompt *p, unsigned quirks)
{
    str wish = json_wish(a, p, quirks);
    size_t last = p->n_messages;

    if (p->n_messages == 0 || (wish.len == 0 && !(quirks & QUIRK_SYSTEM_AS_USER)))
        return;
    struct chat_message *m = arena_alloc(a, p->n_messages * sizeof *m);

    memcpy(m, p->messages, p->n_messages * sizeof *m);
    while (last > 0 && m[--last].role != ROLE_USER)
        ;
    m[last].text = join(a, m[last].text, wish);     /* the user's last words: no template minds it there */
    if (quirks & QUIRK_SYSTEM_AS_USER)
        p->n_messages = give_to_user(a, m, p->n_messages);
    p->messages = m;
}

/* --- structured output --- */

static bool is_listed(const json_t *list, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
        if (str_eq(json_strval(one), str_from(name)))
            return true;
    return false;
}

static bool is_strict_object(const json_t *schema)
{
    const json_t *properties = json_object_get(schema, "properties"), *property;
    const char *name;

    if (!json_is_false(json_object_get(schema, "additionalProperties")))
        return false;
    json_object_foreach((json_t *)properties, name, property)
        if (!is_listed(json_object_get(schema, "required"), name))
            return false;
    return true;
}

/* Every schema within it, wherever it stands. */
static bool can_be_strict(const json_t *j)
{
    const char *key;
    json_t *value;
    size_t i;

    if (json_is_object(j) && str_eq(json_strval(json_object_get(j, "type")), S("object")) && !is_strict_object(j))
        return false;
    json_object_foreach((json_t *)j, key, value)
        if (!can_be_strict(value))
            return false;
    json_array_foreach(j, i, value)
        if (!can_be_strict(value))
            return false;
    return true;
}

void openai_add_schema(struct buf *b, const struct prompt *p)
{
    CLEANUP(json_decrefp) json_t *schema = NULL;
    bool strict = json_parse(p->schema, &schema) == OK && *json_text(schema, "type") && can_be_strict(schema);

    openai_add_text(b, S("\"name\":"), p->schema_name.len ? p->schema_name : S("reply"));
    buf_addf(b, ",\"schema\":%.*s,\"strict\":%s", STR(wants_any_json(p) ? S("{\"type\":\"object\"}") : p->schema),
             strict ? "true" : "false");
}

/* --- embeddings --- */

enum err openai_embed(struct arena *a, const struct model_target *t, str model, const str *texts, size_t n, size_t dimension,
                      struct http_request *out)
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };

    openai_add_text(&b, S("{\"model\":"), model);
    for (size_t i = 0; i < n; i++)
        openai_add_text(&b, i ? S(",") : S(",\"input\":["), texts[i]);
    buf_add(&b, S("]"));
    if (!(t->quirks & QUIRK_NO_BASE64))
        buf_add(&b, S(",\"encoding_format\":\"base64\""));
    if (dimension)
        buf_addf(&b, ",\"dimensions\":%zu", dimension);
    buf_add(&b, S("}"));
    api_request(a, t, &(struct api_head){ "embeddings", "Authorization" }, buf_str(&b), out);
    return OK;
}

/* Each says which text it is of; a list in another order, or with a text left out or doubled, would be vectors of other texts. */
static enum err put_in_order(const json_t *data, json_t *ordered)
{
    const json_t *one;
    size_t i;

    json_array_foreach(data, i, one)
        json_array_append_new(ordered, json_null());
    json_array_foreach(data, i, one) {
        json_t *vector = json_at(one, "embedding");
        int64_t index = json_int(one, "index", (int64_t)i);

        if (index < 0 || index >= (int64_t)json_array_size(data) || !json_is_null(json_array_get(ordered, (size_t)index)) || vector == NULL)
            return failed(ERR_REMOTE, "the embeddings are not one for each text");
        json_array_set(ordered, (size_t)index, vector);
    }
    return OK;
}

enum err openai_embedded(struct arena *a, str body, struct embeddings *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL, *ordered = json_array();

    if (json_parse(body, &j) != OK)
        return failed_in(ERR_REMOTE, "the embeddings are not JSON: ");
    if (json_at(j, "error"))
        return api_broke_off(j);
    TRY(put_in_order(json_at(j, "data"), ordered));
    TRY(api_vectors(a, ordered, NULL, out));
    out->tokens = json_int(j, "usage.prompt_tokens", json_int(j, "usage.total_tokens", 0));
    return OK;
}
