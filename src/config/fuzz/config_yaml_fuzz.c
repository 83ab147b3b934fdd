// SPDX-License-Identifier: Apache-2.0
/* Any text is a tree or an error that begins with "LINE:COLUMN: ", and the tree keeps to its caps. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "config/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const struct node *n, unsigned depth)
{
    size_t total = 1, children = 0;

    assert(depth <= YAML_DEPTH_MAX);
    assert(n->kind == NODE_TEXT || n->text.len == 0);
    assert(n->kind != NODE_TEXT || strlen(n->text.p) == n->text.len);
    assert(n->line && n->column);
    for (const struct node *c = n->first; c; c = c->next, children++)
        total += count(c, depth + 1);
    assert(children == n->n && children <= YAML_CHILDREN_MAX);
    return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct node *root = NULL;

    if (yaml_parse(a, str_of(data, size), &root) == OK) {
        assert(count(root, 0) <= YAML_NODES_MAX);
        return 0;
    }
    unsigned line, column;

    assert(root == NULL);
    assert(sscanf(failed_text(), "%u:%u: ", &line, &column) == 2);
    return 0;
}
