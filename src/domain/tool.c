// SPDX-License-Identifier: Apache-2.0
#include "domain/tool.h"

#include <string.h>

static const char *const risks[] = {
    [RISK_READ] = "read", [RISK_WRITE] = "write", [RISK_EXECUTE] = "execute", [RISK_OUTSIDE] = "outside",
};

const char *risk_name(enum risk r)
{
    return risks[r];
}

static bool has_type(const json_t *v, const char *type)
{
    if (strcmp(type, "string") == 0)
        return json_is_string(v);
    if (strcmp(type, "integer") == 0)
        return json_is_integer(v);
    if (strcmp(type, "number") == 0)
        return json_is_number(v);
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(v);
    if (strcmp(type, "array") == 0)
        return json_is_array(v);
    if (strcmp(type, "object") == 0)
        return json_is_object(v);
    return strcmp(type, "null") == 0 && json_is_null(v);
}

static enum err check_type(const json_t *schema, const json_t *v, const char *where)
{
    const json_t *type = json_at(schema, "type"), *one;
    size_t i;

    if (json_is_string(type) && !has_type(v, json_string_value(type)))
        return failed(ERR_INPUT, "%s must be of type %s", where, json_string_value(type));
    if (!json_is_array(type))
        return OK;
    json_array_foreach(type, i, one)
        if (json_is_string(one) && has_type(v, json_string_value(one)))
            return OK;
    return failed(ERR_INPUT, "%s is of none of the types it may have", where);
}

static enum err check_enum(const json_t *schema, const json_t *v, const char *where)
{
    const json_t *list = json_at(schema, "enum"), *one;
    CLEANUP(buf_done) struct buf names = { .max = 300 };
    size_t i;

    if (!json_is_array(list))
        return OK;
    json_array_foreach(list, i, one) {
        if (json_equal((json_t *)one, (json_t *)v))
            return OK;
        buf_add(&names, i ? S(", ") : S(""));
        json_print_to(&names, one);
    }
    return failed(ERR_INPUT, "%s must be one of %s", where, buf_c(&names));
}

static enum err check_range(const json_t *schema, const json_t *v, const char *where)
{
    const json_t *min = json_at(schema, "minimum"), *max = json_at(schema, "maximum");

    if (!json_is_number(v))
        return OK;
    if (min && json_number_value(v) < json_number_value(min))
        return failed(ERR_INPUT, "%s must be at least %g", where, json_number_value(min));
    if (max && json_number_value(v) > json_number_value(max))
        return failed(ERR_INPUT, "%s must be at most %g", where, json_number_value(max));
    return OK;
}

static enum err check_value(const json_t *schema, const json_t *v, const char *where);

static enum err check_members(const json_t *schema, const json_t *v, const char *where)
{
    json_t *properties = json_at(schema, "properties"), *required = json_at(schema, "required"), *one;
    const char *dot = *where ? "." : "", *key;
    size_t i;

    json_array_foreach(required, i, one)
        if (json_object_get(v, json_string_value(one)) == NULL)
            return failed(ERR_INPUT, "%s%s%s is missing", where, dot, json_string_value(one));
    json_object_foreach((json_t *)v, key, one) {
        const json_t *inner = json_object_get(properties, key);
        char path[200];

        snprintf(path, sizeof path, "%s%s%.60s", where, dot, key);
        if (inner)
            TRY(check_value(inner, one, path));
        else if (json_is_false(json_at(schema, "additionalProperties")))
            return failed(ERR_INPUT, "there is no argument '%s'", path);
    }
    return OK;
}

/* Recursion follows the schema, which is ours and flat, not the arguments. */
static enum err check_value(const json_t *schema, const json_t *v, const char *where)
{
    const json_t *items = json_at(schema, "items");

    TRY(check_type(schema, v, *where ? where : "the arguments"));
    TRY(check_enum(schema, v, where));
    TRY(check_range(schema, v, where));
    for (size_t i = 0; items && i < json_array_size(v); i++) {
        char path[220];

        snprintf(path, sizeof path, "%s.%zu", where, i);
        TRY(check_value(items, json_array_get(v, i), path));
    }
    return json_is_object(v) ? check_members(schema, v, where) : OK;
}

enum err tool_check_arguments(const struct tool *t, const json_t *arguments)
{
    CLEANUP(json_decrefp) json_t *schema = NULL;

    if (json_parse(str_from(t->schema), &schema) != OK || !json_is_object(schema))
        return failed(ERR_BUG, "the schema of tool %s is not a JSON object", t->name);
    if (!json_is_object(arguments))
        return failed(ERR_INPUT, "the arguments must be a JSON object");
    return check_value(schema, arguments, "");
}
