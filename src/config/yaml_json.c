// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_json.h"

#include <string.h>

json_t *node_text_json(const struct node *n, str text)
{
    json_t *j = NULL;

    if (node_is_null(n))
        return json_null();
    if (n->plain && str_eq(text, S("true")))
        return json_true();
    if (n->plain && str_eq(text, S("false")))
        return json_false();
    if (n->plain && text.len && strchr("-0123456789", text.p[0]) && json_parse(text, &j))
        j = NULL;
    return j ? j : json_from_str(text);
}

json_t *node_to_json(const struct node *n)
{
    if (n->kind == NODE_TEXT)
        return node_text_json(n, n->text);
    json_t *j = n->kind == NODE_LIST ? json_array() : json_object();

    for (const struct node *c = n->first; c; c = c->next)
        if (n->kind == NODE_LIST)
            json_array_append_new(j, node_to_json(c));
        else
            json_object_setn_new(j, c->key.p, c->key.len, node_to_json(c));
    return j;
}
