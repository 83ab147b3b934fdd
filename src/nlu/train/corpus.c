// SPDX-License-Identifier: Apache-2.0
#include "nlu/train/corpus.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "config/yaml.h"

/* Files. */

struct file { str name, text; };
struct files { struct file p[CORPUS_FILES_MAX]; size_t n; };

static int by_name(const void *a, const void *b) { return str_cmp(((const struct file *)a)->name, ((const struct file *)b)->name); }

enum err corpus_read(struct arena *a, const char *path, str *out)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t room;
    ssize_t n = 0;

    if (fd < 0)
        return failed(ERR_IO, "%s: %m", path);
    do {
        buf_grown(&b, (size_t)n);
        char *to = buf_room(&b, 65536, &room);

        n = read(fd, to, room);
    } while (n > 0);
    close(fd);
    *out = arena_str(a, buf_str(&b));
    return OK;
}

static enum err read_folder(struct arena *a, const char *folder, struct files *out)
{
    DIR *d = opendir(folder);
    enum err e = OK;

    if (!d)
        return failed(ERR_IO, "%s: %m", folder);
    for (struct dirent *x; !e && (x = readdir(d));) {
        str name = str_from(x->d_name);

        if (!str_ends(name, S(".yaml")) || out->n == CORPUS_FILES_MAX)
            continue;
        out->p[out->n].name = arena_str(a, name);
        e = corpus_read(a, arena_printf(a, "%s/%s", folder, x->d_name), &out->p[out->n++].text);
    }
    closedir(d);
    qsort(out->p, out->n, sizeof(out->p[0]), by_name);
    return e;
}

static void digest_of(const struct files *f, unsigned char out[32])
{
    CLEANUP(buf_done) struct buf all = { 0 };

    for (size_t i = 0; i < f->n; i++) {
        buf_add(&all, str_of(f->p[i].name.p, f->p[i].name.len + 1));
        buf_add(&all, str_of(f->p[i].text.p, f->p[i].text.len + 1));
    }
    SHA256((const unsigned char *)all.p, all.len, out);
}

/* Names. */

size_t corpus_intent_index(const struct corpus *c, str name)
{
    size_t i = 0;

    while (i < c->n_intents && !str_eq(c->intents[i].name, name))
        i++;
    return i;
}

size_t corpus_slot_index(const struct corpus *c, str name)
{
    size_t i = 0;

    while (i < c->n_slots && !str_eq(c->slots[i], name))
        i++;
    return i;
}

static const struct templates *named(const struct named_templates *p, size_t n, str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(p[i].name, name))
            return p[i].list.n ? &p[i].list : NULL;
    return NULL;
}

const struct templates *corpus_words(const struct corpus *c, enum language l, str name) { return named(c->words[l].p, c->words[l].n,
        name); }
const struct templates *corpus_filler(const struct corpus *c, enum language l, str name) { return named(c->fillers[l].p, c->fillers[l].n,
        name); }
const struct templates *corpus_polite(const struct corpus *c, enum language l, str name) { return named(c->polite[l].p, c->polite[l].n,
        name); }

static const struct node *child(const struct node *n, str key)
{
    for (n = n && n->kind == NODE_MAP ? n->first : NULL; n; n = n->next)
        if (str_eq(n->key, key))
            return n;
    return NULL;
}

/* GROUP.yaml: intents with their slots. */

static enum err add_slot(struct corpus *c, struct corpus_intent *t, const struct node *n)
{
    const struct node *type = child(n, S("type"));
    size_t slot = corpus_slot_index(c, n->key);

    if (t->n_slots == CORPUS_INTENT_SLOTS_MAX || slot == CORPUS_SLOTS_MAX)
        return failed(ERR_LIMIT, "too many slots");
    c->slots[slot] = n->key;
    c->n_slots = slot == c->n_slots ? slot + 1 : c->n_slots;
    t->slots[t->n_slots].slot = slot;
    t->slots[t->n_slots++].type = type ? type->text : S("");
    t->slot_bits |= UINT64_C(1) << slot;
    return OK;
}

static enum err add_intents(struct corpus *c, const struct node *group)
{
    const struct node *list = child(group, S("intents"));

    for (const struct node *n = list ? list->first : NULL; n; n = n->next) {
        struct corpus_intent *t = &c->intents[c->n_intents++];

        if (c->n_intents == CORPUS_INTENTS_MAX)
            return failed(ERR_LIMIT, "too many intents");
        t->name = n->key;
        const struct node *slots = child(n, S("slots"));
        for (const struct node *s = slots && slots->kind == NODE_MAP ? slots->first : NULL; s; s = s->next)
            TRY(add_slot(c, t, s));
    }
    return OK;
}

/* NAME.LANG.yaml: maps from a name to templates. */

static void add(struct arena *a, struct templates *list, struct template *t)
{
    if ((list->n & (list->n - 1)) == 0) {
        struct template **more = arena_alloc(a, (list->n ? 2 * list->n : 1) * sizeof(*more));

        if (list->n)
            memcpy(more, list->p, list->n * sizeof(*more));
        list->p = more;
    }
    list->p[list->n++] = t;
}

static enum err parse_one(struct arena *a, const struct node *n, struct template **out)
{
    if (n->kind != NODE_TEXT)
        return failed(ERR_INPUT, "a template is a text");
    return template_parse(a, n->text, out);
}

/* By its words alone, so that a new template does not change which others are kept back. */
static bool is_kept(str text, unsigned one_in)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.p[i]) * 16777619u;
    h = (h ^ (h >> 15)) * 0x85ebca6bu;
    return one_in && (h ^ (h >> 13)) % one_in == 0;
}

struct loading { struct arena *arena; struct corpus *corpus; str file; enum language language; unsigned keep_back; size_t complaints; };

static void complain(struct loading *l, const struct node *n, const char *what)
{
    l->complaints++;
    fprintf(stderr, "%.*s:%u: %s\n", STR(l->file), n->line, what);
}

static void load_templates(struct loading *l, const struct node *list, struct templates *said, struct templates *kept)
{
    for (const struct node *n = list->kind == NODE_LIST ? list->first : NULL; n; n = n->next) {
        struct template *t;

        if (parse_one(l->arena, n, &t) != OK) {
            complain(l, n, failed_text());
            continue;
        }
        add(l->arena, kept && is_kept(n->text, l->keep_back) ? kept : said, t);
        l->corpus->n_templates += kept != NULL;
    }
    if (list->kind != NODE_LIST)
        complain(l, list, "is no list");
}

static void load_said(struct loading *l, const struct node *map)
{
    bool none = str_starts(l->file, S("none")), plain = str_starts(l->file, S("plain"));

    for (const struct node *n = map->first; n; n = n->next) {
        size_t i = none ? l->corpus->n_intents - 1 : corpus_intent_index(l->corpus, n->key);

        if (i == l->corpus->n_intents)
            complain(l, n, "is no intent");
        else if (plain)
            load_templates(l, n, &l->corpus->intents[i].plain[l->language], NULL);
        else
            load_templates(l, n, &l->corpus->intents[i].said[l->language], &l->corpus->intents[i].kept[l->language]);
    }
}

/* A name may stand in several files. */
static void load_named(struct loading *l, const struct node *map, struct named_templates *p, size_t *n)
{
    for (const struct node *x = map->first; x; x = x->next) {
        size_t i = 0;

        while (i < *n && !str_eq(p[i].name, x->key))
            i++;
        if (i == CORPUS_NAMES_MAX) {
            complain(l, x, "is one name too many");
            return;
        }
        p[i].name = x->key;
        *n = i == *n ? i + 1 : *n;
        load_templates(l, x, &p[i].list, NULL);
    }
}

static enum err load_file(struct loading *l, const struct file *f)
{
    struct corpus *c = l->corpus;
    struct node *root;

    l->file = f->name;
    l->language = str_ends(f->name, S(".zh.yaml")) ? ZH : EN;
    if (yaml_parse(l->arena, f->text, &root) != OK || root->kind != NODE_MAP)
        return failed_in(ERR_INPUT, "%.*s: ", STR(f->name));
    if (str_starts(f->name, S("fillers")))
        load_named(l, root, c->fillers[l->language].p, &c->fillers[l->language].n);
    else if (str_starts(f->name, S("words")))
        load_named(l, root, c->words[l->language].p, &c->words[l->language].n);
    else if (str_starts(f->name, S("polite")))
        load_named(l, root, c->polite[l->language].p, &c->polite[l->language].n);
    else
        load_said(l, root);
    return OK;
}

/* What a slot or a list is filled by: found once. */

static const struct templates *filler_of(const struct corpus *c, enum language l, const struct corpus_intent *t, str slot)
{
    char key[128];
    const struct templates *got;

    if (t) {
        snprintf(key, sizeof(key), "%.*s.%.*s", STR(t->name), STR(slot));
        if ((got = corpus_filler(c, l, str_from(key))))
            return got;
    }
    if ((got = corpus_filler(c, l, slot)))
        return got;
    for (size_t i = 0; t && i < t->n_slots; i++)
        if (str_eq(c->slots[t->slots[i].slot], slot))
            return corpus_filler(c, l, t->slots[i].type);
    return NULL;
}

static void bind_one(struct loading *l, const struct corpus_intent *t, struct template *x)
{
    for (; x; x = x->next) {
        if (x->kind == TEMPLATE_SLOT && !x->first)
            x->filled_by = filler_of(l->corpus, l->language, t, x->text);
        if (x->kind == TEMPLATE_LIST)
            x->filled_by = corpus_words(l->corpus, l->language, x->text);
        if ((x->kind == TEMPLATE_SLOT && !x->first && !x->filled_by) || (x->kind == TEMPLATE_LIST && !x->filled_by)) {
            l->complaints++;
            fprintf(stderr, "%s %.*s: nothing fills %.*s\n", l->language == ZH ? "zh" : "en", STR(t ? t->name : S("fillers")),
                    STR(x->text));
            x->kind = TEMPLATE_TEXT;
        }
        bind_one(l, t, x->first);
    }
}

static void bind_list(struct loading *l, const struct corpus_intent *t, const struct templates *list)
{
    for (size_t i = 0; i < list->n; i++)
        bind_one(l, t, list->p[i]);
}

static void bind_named(struct loading *l, const struct named_templates *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bind_list(l, NULL, &p[i].list);
}

static void bind_all(struct loading *l)
{
    struct corpus *c = l->corpus;

    for (l->language = 0; l->language < LANGUAGES; l->language++) {
        bind_named(l, c->fillers[l->language].p, c->fillers[l->language].n);
        bind_named(l, c->words[l->language].p, c->words[l->language].n);
        bind_named(l, c->polite[l->language].p, c->polite[l->language].n);
        for (size_t i = 0; i < c->n_intents; i++) {
            bind_list(l, &c->intents[i], &c->intents[i].said[l->language]);
            bind_list(l, &c->intents[i], &c->intents[i].plain[l->language]);
            bind_list(l, &c->intents[i], &c->intents[i].kept[l->language]);
        }
    }
}

/* Words to vary values with. */

static void pool_text(struct corpus *c, str s)
{
    for (size_t at = 0, n; at < s.len; at += n) {
        uint32_t ch = 0;
        struct words_pool *p;

        for (n = 0; at + n < s.len && s.p[at + n] >= 'a' && s.p[at + n] <= 'z';)
            n++;
        p = &c->pool[n ? EN : ZH];
        n = n ? n : utf8_next(str_skip(s, at), &ch);
        if (p->n < CORPUS_POOL_MAX && (p == &c->pool[EN] ? n > 1 : ch >= 0x4e00 && ch < 0xa000))
            p->p[p->n++] = str_cut(s, at, at + n);
        n = n ? n : 1;
    }
}

static void pool_one(struct corpus *c, const struct template *t)
{
    for (; t; t = t->next) {
        if (t->kind == TEMPLATE_TEXT)
            pool_text(c, t->text);
        pool_one(c, t->first);
    }
}

static void pool_list(struct corpus *c, const struct templates *list)
{
    for (size_t i = 0; i < list->n; i++)
        pool_one(c, list->p[i]);
}

static void pool_all(struct corpus *c)
{
    for (size_t l = 0; l < LANGUAGES; l++) {
        for (size_t i = 0; i < c->fillers[l].n; i++)
            pool_list(c, &c->fillers[l].p[i].list);
        for (size_t i = c->n_intents; i-- > 0;)
            pool_list(c, &c->intents[i].said[l]);
    }
}

static bool has_language(str name) { return str_ends(name, S(".en.yaml")) || str_ends(name, S(".zh.yaml")); }

enum err corpus_load(struct arena *a, const char *folder, unsigned keep_back, struct corpus **out)
{
    struct files *files = ARENA_NEW(a, struct files);
    struct corpus *c = ARENA_NEW(a, struct corpus);
    struct loading l = { .arena = a, .corpus = c, .keep_back = keep_back };
    struct node *group;

    TRY(read_folder(a, folder, files));
    digest_of(files, c->digest);
    for (size_t i = 0; i < files->n; i++) {
        if (has_language(files->p[i].name))
            continue;
        if (yaml_parse(a, files->p[i].text, &group) != OK)
            return failed_in(ERR_INPUT, "%.*s: ", STR(files->p[i].name));
        TRY(add_intents(c, group));
    }
    c->intents[c->n_intents++].name = S("none");
    for (size_t i = 0; i < files->n; i++)
        if (has_language(files->p[i].name))
            TRY(load_file(&l, &files->p[i]));
    bind_all(&l);
    pool_all(c);
    if (l.complaints)
        fprintf(stderr, "%zu lines of the data are not as they should be\n", l.complaints);
    *out = c;
    return OK;
}
