// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "config/load.h"
#include "config/value.h"

bool key_names_secret(str key)
{
    static const char *const words[] = { "token", "secret", "password", "passwd", "passphrase", "community", "api_key", "apikey",
                                         "private_key" };

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        for (size_t at = 0, n = strlen(words[i]); at + n <= key.len; at++)
            if (str_eq_nocase(str_cut(key, at, at + n), str_from(words[i])))
                return true;
    return false;
}

static void hide_secrets(json_t *j)
{
    const char *key;
    json_t *child;
    size_t i;
    void *next;

    json_object_foreach_safe(j, next, key, child) {
        if (key_names_secret(str_from(key)) && !json_is_object(child))
            json_object_set_new(j, key, json_string("***"));
        else
            hide_secrets(child);
    }
    json_array_foreach(j, i, child)
        hide_secrets(child);
}

static json_t *shown_value(const struct option *o, const struct loaded *l)
{
    if (l->secret[o - options])
        return json_sprintf("{secret: %s}", l->secret[o - options]);
    json_t *value = value_json(o, &l->c);

    if (o->type != OPTION_RAW)
        return value;
    json_t *copy = json_deep_copy(value);

    json_decref(value);
    hide_secrets(copy);
    return copy;
}

json_t *config_show(void)
{
    const struct loaded *l = loaded_now();
    json_t *all = json_array();

    assert(l);
    for (size_t i = 0; i < N_OPTIONS; i++)
        json_array_append_new(all, json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:s}", "path", options[i].path, "value",
                                             shown_value(&options[i], l), "default", options[i].otherwise,
                                             "from", l->from[i], "when", option_when_name(options[i].when),
                                             "type", option_type_name(options[i].type), "allowed", options[i].allowed));
    return all;
}

static json_t *words(const char *allowed)
{
    str rest = str_from(allowed), one;
    json_t *all = json_array();

    while (str_split(&rest, '|', &one))
        json_array_append_new(all, json_from_str(one));
    return all;
}

static json_t *whole_number(const char *allowed)
{
    str rest = str_from(allowed);
    size_t dots = str_find(rest, S(".."));
    json_t *s = json_pack("{s:s}", "type", "integer");
    uint64_t n;

    if (dots != STR_NONE && str_u64(str_take(rest, dots), &n) == OK)
        json_object_set_new(s, "minimum", json_integer((json_int_t)n));
    if (dots != STR_NONE && str_u64(str_skip(rest, dots + 2), &n) == OK)
        json_object_set_new(s, "maximum", json_integer((json_int_t)n));
    return s;
}

static json_t *value_schema(const struct option *o)
{
    json_t *items;

    switch (o->type) {
    case OPTION_PORT:
        return whole_number("0..65535");
    case OPTION_COUNT:
        return whole_number(o->allowed);
    case OPTION_FLAG:
        return json_pack("{s:s}", "type", "boolean");
    case OPTION_SIZE:
        return json_pack("{s:[s,s], s:s}", "type", "string", "integer", "pattern", "^[0-9]+([KMGT](iB|B)?|B)?$");
    case OPTION_DURATION:
        return json_pack("{s:[s,s], s:s}", "type", "string", "integer", "pattern", "^([0-9]+(ms|s|m|h|d|w)?)+$");
    case OPTION_CHOICE:
        return json_pack("{s:o}", "enum", words(o->allowed));
    case OPTION_SECRET:
        return json_pack("{s:[s,s]}", "type", "string", "object");
    case OPTION_LIST:
        items = *o->allowed ? json_pack("{s:o}", "enum", words(o->allowed)) : json_pack("{s:[s,s]}", "type", "string", "integer");
        return json_pack("{s:s, s:o}", "type", "array", "items", items);
    case OPTION_RAW:
        return json_pack("{s:[s,s]}", "type", "array", "object");
    default:
        return json_pack("{s:s}", "type", "string");
    }
}

/* The "properties" of the object that holds the row's key; the objects on the way are made. */
static json_t *properties_for(json_t *root, str *path)
{
    json_t *object = root;
    size_t dot;

    while ((dot = str_find_char(*path, '.')) != STR_NONE) {
        json_t *properties = json_object_get(object, "properties"), *inner = json_object_getn(properties, path->p, dot);

        if (inner == NULL) {
            inner = json_pack("{s:s, s:b, s:{}}", "type", "object", "additionalProperties", 0, "properties");
            json_object_setn_new(properties, path->p, dot, inner);
        }
        object = inner;
        *path = str_skip(*path, dot + 1);
    }
    return json_object_get(object, "properties");
}

/* As JSON has it: what an editor fills in is what would be read. */
static json_t *default_json(const struct option *o)
{
    str text = str_from(o->otherwise), one;
    json_t *list;
    uint64_t n;

    if (o->type == OPTION_FLAG)
        return json_boolean(str_eq(text, S("true")));
    if ((o->type == OPTION_COUNT || o->type == OPTION_PORT) && str_u64(text, &n) == OK)
        return json_integer((json_int_t)n);
    if (o->type != OPTION_LIST)
        return json_from_str(text);
    list = json_array();
    while (str_split(&text, ',', &one))
        json_array_append_new(list, json_from_str(one));
    return list;
}

json_t *config_schema(void)
{
    json_t *root = json_pack("{s:s, s:s, s:s, s:b, s:{}}", "$schema", "https://json-schema.org/draft/2020-12/schema",
                             "title", "Clawdbot configuration", "type", "object", "additionalProperties", 0, "properties");

    for (size_t i = 0; i < N_OPTIONS; i++) {
        str path = str_from(options[i].path);
        json_t *properties = properties_for(root, &path), *s = value_schema(&options[i]);

        json_object_set_new(s, "description", json_string(options[i].doc));
        if (*options[i].otherwise)
            json_object_set_new(s, "default", default_json(&options[i]));
        json_object_setn_new(properties, path.p, path.len, s);
    }
    return root;
}
