// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    size_t        n_nodes;
};

static enum err read_node(struct reader *, yaml_event_t *, unsigned depth, struct node **out);

static enum err failed_at(enum err e, yaml_mark_t m, const char *what)
{
    return failed(e, "%zu:%zu: %s", m.line + 1, m.column + 1, what);
}

static enum err next_event(struct reader *r, yaml_event_t *ev)
{
    if (yaml_parser_parse(&r->parser, ev))
        return OK;
    const char *what = r->parser.problem ? r->parser.problem : "not YAML";

    if (r->parser.error == YAML_READER_ERROR)   /* it has an offset, and no mark of its own */
        return failed_at(ERR_INPUT, r->parser.mark, what);
    return failed_at(ERR_INPUT, r->parser.problem_mark, what);
}

static struct node *new_node(struct reader *r, enum node_kind kind, yaml_mark_t m)
{
    struct node *n = ARENA_NEW(r->arena, struct node);

    n->kind = kind;
    n->line = (unsigned)m.line + 1;
    n->column = (unsigned)m.column + 1;
    r->n_nodes++;
    return n;
}

static enum err refuse_decoration(yaml_mark_t m, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        return failed_at(ERR_INPUT, m, "anchors (&name) are not used here");
    if (tag)
        return failed_at(ERR_INPUT, m, "tags (!name) are not used here");
    return OK;
}

static enum err read_text(struct reader *r, const yaml_event_t *ev, struct node **out)
{
    str text = str_of(ev->data.scalar.value, ev->data.scalar.length);

    TRY(refuse_decoration(ev->start_mark, ev->data.scalar.anchor, ev->data.scalar.tag));
    if (str_find_char(text, '\0') != STR_NONE)
        return failed_at(ERR_INPUT, ev->start_mark, "a text may not hold a NUL");
    struct node *n = new_node(r, NODE_TEXT, ev->start_mark);

    n->text = arena_str(r->arena, text);
    n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    *out = n;
    return OK;
}

static enum err check_key(const struct node *map, const struct node *key)
{
    if (key->kind != NODE_TEXT)
        return failed(ERR_INPUT, "%u:%u: a key must be a text", key->line, key->column);
    if (key->plain && str_eq(key->text, S("<<")))
        return failed(ERR_INPUT, "%u:%u: merge keys (<<) are not used here", key->line, key->column);
    for (const struct node *c = map->first; c; c = c->next)
        if (str_eq(c->key, key->text))
            return failed(ERR_INPUT, "%u:%u: '%.*s' stands here a second time; the first is in line %u", key->line,
                          key->column, STR(str_take(key->text, 60)), c->key_line);
    return OK;
}

/* One child behind `*end`; *ret_ended when the map or list is at its end instead. */
static enum err read_child(struct reader *r, struct node *parent, unsigned depth, struct node **ret)
{
    CLEANUP(yaml_event_delete) yaml_event_t ev = {0};
    struct node *key = NULL, *child;

    *ret = NULL;
    TRY(next_event(r, &ev));
    if (ev.type == YAML_MAPPING_END_EVENT || ev.type == YAML_SEQUENCE_END_EVENT)
        return OK;
    if (parent->n == YAML_CHILDREN_MAX)
        return failed_at(ERR_LIMIT, ev.start_mark, "too many entries");
    if (parent->kind == NODE_MAP) {
        TRY(read_node(r, &ev, depth, &key));
        TRY(check_key(parent, key));
        yaml_event_delete(&ev);
        TRY(next_event(r, &ev));
    }
    TRY(read_node(r, &ev, depth, &child));
    if (key) {
        child->key = key->text;
        child->key_line = key->line;
        child->key_column = key->column;
    }
    *ret = child;
    return OK;
}

static enum err read_children(struct reader *r, struct node *parent, unsigned depth)
{
    struct node **end = &parent->first;

    if (depth > YAML_DEPTH_MAX)
        return failed(ERR_LIMIT, "%u:%u: nested too deep", parent->line, parent->column);
    for (;;) {
        TRY(read_child(r, parent, depth, end));
        if (*end == NULL)
            return OK;
        end = &(*end)->next;
        parent->n++;
    }
}

static enum err read_node(struct reader *r, yaml_event_t *ev, unsigned depth, struct node **out)
{
    struct node *n;

    if (r->n_nodes >= YAML_NODES_MAX)
        return failed_at(ERR_LIMIT, ev->start_mark, "too much for a configuration");
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        return read_text(r, ev, out);
    case YAML_SEQUENCE_START_EVENT:
        TRY(refuse_decoration(ev->start_mark, ev->data.sequence_start.anchor, ev->data.sequence_start.tag));
        n = new_node(r, NODE_LIST, ev->start_mark);
        break;
    case YAML_MAPPING_START_EVENT:
        TRY(refuse_decoration(ev->start_mark, ev->data.mapping_start.anchor, ev->data.mapping_start.tag));
        n = new_node(r, NODE_MAP, ev->start_mark);
        break;
    case YAML_ALIAS_EVENT:
        return failed_at(ERR_INPUT, ev->start_mark, "aliases (*name) are not used here");
    default:
        return failed_at(ERR_INPUT, ev->start_mark, "not expected here");
    }
    TRY(read_children(r, n, depth + 1));
    *out = n;
    return OK;
}

/* The events around the root, as far as the next of `want`. */
static enum err skip_to_root(struct reader *r, yaml_event_t *ev, bool *ret_ended)
{
    do {
        yaml_event_delete(ev);
        TRY(next_event(r, ev));
    } while (ev->type == YAML_STREAM_START_EVENT || ev->type == YAML_DOCUMENT_START_EVENT ||
             ev->type == YAML_DOCUMENT_END_EVENT);
    *ret_ended = ev->type == YAML_STREAM_END_EVENT;
    return OK;
}

static enum err read_document(struct reader *r, struct node **out)
{
    CLEANUP(yaml_event_delete) yaml_event_t ev = {0};
    struct node *root = NULL;
    bool ended;

    TRY(skip_to_root(r, &ev, &ended));
    if (ended) {
        *out = new_node(r, NODE_MAP, ev.start_mark);
        return OK;
    }
    TRY(read_node(r, &ev, 0, &root));
    TRY(skip_to_root(r, &ev, &ended));
    if (!ended)
        return failed_at(ERR_INPUT, ev.start_mark, "a second document; one file holds one");
    *out = root;
    return OK;
}

enum err yaml_parse(struct arena *a, str text, struct node **out)
{
    struct reader r = { .arena = a };

    if (text.len > YAML_SIZE_MAX)
        return failed(ERR_LIMIT, "1:1: larger than %d bytes", YAML_SIZE_MAX);
    if (!yaml_parser_initialize(&r.parser))
        return failed(ERR_BUG, "1:1: libyaml would not start");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.len);
    enum err e = read_document(&r, out);

    yaml_parser_delete(&r.parser);
    return e;
}

bool node_is_null(const struct node *n)
{
    return n->kind == NODE_TEXT && n->plain &&
           (n->text.len == 0 || str_eq(n->text, S("~")) || str_eq_nocase(n->text, S("null")));
}
