// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "config/yaml.h"

static void draw(struct buf *b, const struct node *n)
{
    buf_addf(b, "%u:%u", n->line, n->column);
    if (n->kind == NODE_TEXT) {
        buf_addf(b, "%s%.*s%s", n->plain ? "=" : "='", STR(n->text), n->plain ? "" : "'");
        return;
    }
    buf_add_char(b, n->kind == NODE_MAP ? '{' : '[');
    for (const struct node *c = n->first; c; c = c->next) {
        if (n->kind == NODE_MAP)
            buf_addf(b, "%.*s@%u:%u ", STR(c->key), c->key_line, c->key_column);
        draw(b, c);
        if (c->next)
            buf_add(b, S(", "));
    }
    buf_add_char(b, n->kind == NODE_MAP ? '}' : ']');
}

TEST(yaml_nodes_know_where_they_stand)
{
    static const struct { const char *in, *want; } cases[] = {
        { "a: 1\n",                     "1:1{a@1:1 1:4=1}"                          },
        { "a:\n  b: 'x'  # c\n",        "1:1{a@1:1 2:3{b@2:3 2:6='x'}}"             },
        { "- 1\n- [x, \"y\"]\n",        "1:1[1:3=1, 2:3[2:4=x, 2:7='y']]"           },
        { "天气: 好\nb:\n",              "1:1{天气@1:1 1:5=好, b@2:1 2:3=}"           },
        { "",                           "1:1{}"                                     },
        { "# nothing\n",                "2:1{}"                                     },
        { "--- \na: b\n...\n",          "2:1{a@2:1 2:4=b}"                          },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf got = {0};
        struct node *root;

        CHECK_OK(yaml_parse(a, str_from(cases[i].in), &root));
        draw(&got, root);
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(yaml_that_surprises_is_refused)
{
    static const struct { const char *in, *want; } cases[] = {
        { "a: 1\nb: 2\na: 3\n",         "3:1: 'a' stands here a second time; the first is in line 1"    },
        { "a: &x 1\nb: *x\n",           "1:4: anchors (&name) are not used here"                        },
        { "b: *x\n",                    "1:4: aliases (*name) are not used here"                        },
        { "b: !!binary aGk=\n",         "1:4: tags (!name) are not used here"                           },
        { "<<: {a: 1}\n",               "1:1: merge keys (<<) are not used here"                        },
        { "[a, b]: 1\n",                "1:1: a key must be a text"                                     },
        { "a: \"x\\0y\"\n",             "1:4: a text may not hold a NUL"                                },
        { "a: 1\n---\nb: 1\n",          "3:1: a second document; one file holds one"                    },
        { "a: [1, 2\n",                 "2:1: did not find expected ',' or ']'"                         },
        { "a: 1\n\tb: 2\n",             "2:1: found a tab character that violates indentation"              },
        { "a: b: c\n",                  "1:5: mapping values are not allowed in this context"           },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct node *root;

        CHECK_ERR(yaml_parse(a, str_from(cases[i].in), &root), ERR_INPUT);
        CHECK_STR(str_from(failed_text()), cases[i].want);
    }
}

TEST(yaml_has_limits)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf deep = {0}, wide = {0}, many = {0}, large = {0};
    struct node *root;

    for (int i = 0; i < 100; i++)
        buf_add_char(&deep, '[');
    CHECK_ERR(yaml_parse(a, buf_str(&deep), &root), ERR_LIMIT);
    for (int i = 0; i <= YAML_CHILDREN_MAX; i++)
        buf_addf(&wide, "- %d\n", i);
    CHECK_ERR(yaml_parse(a, buf_str(&wide), &root), ERR_LIMIT);
    for (int i = 0; i < YAML_NODES_MAX / 10; i++)
        buf_add(&many, S("- [1,2,3,4,5,6,7,8,9,10]\n"));
    CHECK_ERR(yaml_parse(a, buf_str(&many), &root), ERR_LIMIT);
    while (large.len <= YAML_SIZE_MAX)
        buf_add(&large, S("# a long comment that says nothing\n"));
    CHECK_ERR(yaml_parse(a, buf_str(&large), &root), ERR_LIMIT);
}

TEST(yaml_cut_anywhere_is_a_tree_or_an_error)
{
    str whole = S("server: {port: 8000, tls: [a, 'b', \"c\\u0041\"]}\nx: |\n  block\ny: >-\n  folded\n天: 气\n");

    for (size_t cut = 0; cut <= whole.len; cut++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct node *root = NULL;

        if (yaml_parse(a, str_take(whole, cut), &root))
            CHECK(root == NULL);
        else
            CHECK(root != NULL);
    }
}
