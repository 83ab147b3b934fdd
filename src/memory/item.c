// SPDX-License-Identifier: Apache-2.0
#include "memory/item.h"

#include <ctype.h>
#include <math.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/time.h"
#include "base/utf8.h"
#include "memory/id.h"

static const char *const kinds[N_ITEM_KINDS] = {
    [ITEM_FACT] = "fact", [ITEM_PREFERENCE] = "preference", [ITEM_DECISION] = "decision", [ITEM_PERSON] = "person",
    [ITEM_PROJECT] = "project", [ITEM_TASK] = "task", [ITEM_NOTE] = "note", [ITEM_EXCHANGE] = "exchange",
    [ITEM_SUMMARY] = "summary", [ITEM_PASSAGE] = "passage", [ITEM_ROW] = "row",
};
static const char *const origins[N_ITEM_ORIGINS] = {
    [ORIGIN_PERSON] = "person", [ORIGIN_ASSISTANT] = "assistant", [ORIGIN_CONVERSATION] = "conversation",
    [ORIGIN_DOCUMENT] = "document", [ORIGIN_IMPORT] = "import",
};

static bool parse_name(const char *const *names, size_t n, str s, size_t *out)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(s, str_from(names[i]))) {
            *out = i;
            return true;
        }
    return false;
}

const char *item_kind_name(enum item_kind k)
{
    return kinds[k];
}

bool item_kind_parse(str s, enum item_kind *out)
{
    size_t i;

    if (!parse_name(kinds, N_ITEM_KINDS, s, &i))
        return false;
    *out = (enum item_kind)i;
    return true;
}

const char *item_origin_name(enum item_origin o)
{
    return origins[o];
}

bool item_origin_parse(str s, enum item_origin *out)
{
    size_t i;

    if (!parse_name(origins, N_ITEM_ORIGINS, s, &i))
        return false;
    *out = (enum item_origin)i;
    return true;
}

/* ---- what can be stored ---- */

#define AT(member) offsetof(struct memory_item, member)

static const struct { const char *name; size_t at, max; } texts[] = {
    { "collection", AT(collection), ITEM_TITLE_MAX }, { "title", AT(title), ITEM_TITLE_MAX }, { "text", AT(text), ITEM_TEXT_MAX },
    { "place", AT(place), ITEM_TITLE_MAX }, { "person", AT(person), ITEM_TITLE_MAX }, { "session", AT(session_id), ITEM_TITLE_MAX },
    { "taint", AT(taint), ITEM_TITLE_MAX },
};
static const struct { const char *name; size_t at; } shares[] = {
    { "confidence", AT(confidence) }, { "importance", AT(importance) },
};
static const struct { const char *name; size_t at; bool is_time; } numbers[] = {
    { "message", AT(inbox_id), false }, { "document", AT(document), false }, { "created_at", AT(created_at), true },
    { "expires_at", AT(expires_at), true }, { "replaced_by", AT(replaced_by), false }, { "used_at", AT(used_at), true },
    { "uses", AT(uses), false },
};

static str *text_at(const struct memory_item *m, size_t i)
{
    return (str *)(void *)((char *)m + texts[i].at);
}

static double *share_at(const struct memory_item *m, size_t i)
{
    return (double *)(void *)((char *)m + shares[i].at);
}

static int64_t *number_at(const struct memory_item *m, size_t i)
{
    return (int64_t *)(void *)((char *)m + numbers[i].at);
}

static enum err check_text(const char *name, str s, size_t max)
{
    if (s.len > max)
        return failed(ERR_INPUT, "a memory's %s has %zu bytes: at most %zu can be stored", name, s.len, max);
    if (str_find_char(s, '\0') != STR_NONE)
        return failed(ERR_INPUT, "a memory's %s has a NUL in it: only text can be stored", name);
    if (!utf8_valid(s))
        return failed(ERR_INPUT, "a memory's %s is not UTF-8", name);
    return OK;
}

static enum err check_fields(str fields)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (fields.len == 0)
        return OK;
    TRY(check_text("fields", fields, ITEM_TEXT_MAX));
    if (json_parse(fields, &j) != OK || !json_is_object(j))
        return failed(ERR_INPUT, "a memory's fields are not a JSON object");
    return OK;
}

enum err item_check(const struct memory_item *m)
{
    if ((unsigned)m->kind >= N_ITEM_KINDS || (unsigned)m->origin >= N_ITEM_ORIGINS || (unsigned)m->scope.kind >= N_SCOPE_KINDS)
        return failed(ERR_INPUT, "a memory has no such kind, origin or scope");
    if (str_trim(m->text).len == 0)
        return failed(ERR_INPUT, "a memory's text is empty");
    TRY(check_text("scope", m->scope.key, ITEM_TITLE_MAX));
    for (size_t i = 0; i < N_ELEMENTS(texts); i++)
        TRY(check_text(texts[i].name, *text_at(m, i), texts[i].max));
    TRY(check_fields(m->fields));
    for (size_t i = 0; i < N_ELEMENTS(shares); i++)
        if (!(*share_at(m, i) >= 0 && *share_at(m, i) <= 1))
            return failed(ERR_INPUT, "a memory's %s is not between 0 and 1", shares[i].name);
    for (size_t i = 0; i < N_ELEMENTS(numbers); i++)
        if (*number_at(m, i) < 0)
            return failed(ERR_INPUT, "a memory's %s is negative", numbers[i].name);
    return OK;
}

/* ---- its words ---- */

static void add_words(struct buf *b, str s)
{
    bool space = false;

    for (size_t i = 0; i < s.len; i++) {
        if (isspace((unsigned char)s.p[i])) {
            space = true;
            continue;
        }
        if (space && b->len > 0 && b->p[b->len - 1] != '\n')
            buf_add_char(b, ' ');
        space = false;
        buf_add_char(b, s.p[i]);
    }
}

void item_hash(const struct memory_item *m, char out[ITEM_HASH_SIZE])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    CLEANUP(buf_done) struct buf hex = { 0 };

    add_words(&b, m->title);
    buf_add_char(&b, '\n');
    add_words(&b, m->text);
    SHA256((const unsigned char *)b.p, b.len, digest);
    buf_add_hex(&hex, str_of(digest, sizeof digest));
    memcpy(out, hex.p, ITEM_HASH_SIZE);
}

/* ---- a row of the view items_whole ---- */

enum {
    COLUMN_ID, COLUMN_SCOPE, COLUMN_SCOPE_KEY, COLUMN_COLLECTION, COLUMN_KIND, COLUMN_ORIGIN, COLUMN_TITLE, COLUMN_TEXT, COLUMN_PLACE,
    COLUMN_FIELDS, COLUMN_PERSON, COLUMN_SESSION, COLUMN_INBOX, COLUMN_DOCUMENT, COLUMN_TAINT, COLUMN_CONFIDENCE, COLUMN_IMPORTANCE,
    COLUMN_PINNED, COLUMN_CREATED, COLUMN_EXPIRES, COLUMN_REPLACED, COLUMN_USED, COLUMN_USES, COLUMN_EMBEDDED,
};

void item_of_row(const struct rows *r, size_t i, struct memory_item *out)
{
    *out = (struct memory_item){
        .id = row_int(r, i, COLUMN_ID), .scope.key = row_str(r, i, COLUMN_SCOPE_KEY), .collection = row_str(r, i, COLUMN_COLLECTION),
        .title = row_str(r, i, COLUMN_TITLE), .text = row_str(r, i, COLUMN_TEXT), .place = row_str(r, i, COLUMN_PLACE),
        .fields = row_str(r, i, COLUMN_FIELDS), .person = row_str(r, i, COLUMN_PERSON), .session_id = row_str(r, i, COLUMN_SESSION),
        .inbox_id = row_int(r, i, COLUMN_INBOX), .document = row_int(r, i, COLUMN_DOCUMENT), .taint = row_str(r, i, COLUMN_TAINT),
        .confidence = row_real(r, i, COLUMN_CONFIDENCE), .importance = row_real(r, i, COLUMN_IMPORTANCE),
        .pinned = row_int(r, i, COLUMN_PINNED) != 0, .created_at = row_int(r, i, COLUMN_CREATED),
        .expires_at = row_int(r, i, COLUMN_EXPIRES), .replaced_by = row_int(r, i, COLUMN_REPLACED), .used_at = row_int(r, i, COLUMN_USED),
        .uses = row_int(r, i, COLUMN_USES), .embedded = row_int(r, i, COLUMN_EMBEDDED),
    };
    /* The table's CHECKs allow no other names. */
    (void)scope_kind_parse(row_str(r, i, COLUMN_SCOPE), &out->scope.kind);
    (void)item_kind_parse(row_str(r, i, COLUMN_KIND), &out->kind);
    (void)item_origin_parse(row_str(r, i, COLUMN_ORIGIN), &out->origin);
}

/* ---- JSON ---- */

static json_t *number_json(int64_t n, bool is_time)
{
    char when[TIME_TEXT_SIZE];

    return is_time ? json_string(time_text(when, n)) : json_integer(n);
}

/* What is empty or 0 is left out. */
json_t *item_to_json(const struct memory_item *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    json_t *j = json_object(), *fields = NULL;

    if (m->id)
        json_object_set_new(j, "id", json_integer(m->id));
    json_object_set_new(j, "scope", json_from_str(scope_text(a, m->scope)));
    json_object_set_new(j, "kind", json_string(kinds[m->kind]));
    json_object_set_new(j, "origin", json_string(origins[m->origin]));
    for (size_t i = 0; i < N_ELEMENTS(texts); i++)
        if (text_at(m, i)->len)
            json_object_set_new(j, texts[i].name, json_from_str(*text_at(m, i)));
    if (m->fields.len && json_parse(m->fields, &fields) == OK)
        json_object_set_new(j, "fields", fields);
    for (size_t i = 0; i < N_ELEMENTS(shares); i++)
        json_object_set_new(j, shares[i].name, json_real(*share_at(m, i)));
    if (m->pinned)
        json_object_set_new(j, "pinned", json_true());
    for (size_t i = 0; i < N_ELEMENTS(numbers); i++)
        if (*number_at(m, i))
            json_object_set_new(j, numbers[i].name, number_json(*number_at(m, i), numbers[i].is_time));
    if (m->embedded)
        json_object_set_new(j, "embedded", json_integer(m->embedded));
    return j;
}

static enum err wrong(const char *key, const char *want)
{
    return failed(ERR_INPUT, "memory: \"%s\" must be %s", key, want);
}

static enum err read_number(const char *key, const json_t *v, bool is_time, int64_t *out)
{
    if (!is_time) {
        if (!json_is_integer(v))
            return wrong(key, "a whole number");
        *out = json_integer_value(v);
        return OK;
    }
    return json_is_string(v) && time_parse(json_strval(v), out) == OK ? OK : wrong(key, "a time such as 2026-11-21T08:35:53Z");
}

/* OK: it was one of the table's; ERR_NOT_FOUND: it is none of them. */
static enum err read_tabled(struct arena *a, const char *key, const json_t *v, struct memory_item *m)
{
    for (size_t i = 0; i < N_ELEMENTS(texts); i++)
        if (strcmp(key, texts[i].name) == 0) {
            *text_at(m, i) = arena_str(a, json_strval(v));
            return json_is_string(v) ? OK : wrong(key, "a text");
        }
    for (size_t i = 0; i < N_ELEMENTS(shares); i++)
        if (strcmp(key, shares[i].name) == 0) {
            *share_at(m, i) = json_number_value(v);
            return json_is_number(v) ? OK : wrong(key, "a number from 0 to 1");
        }
    for (size_t i = 0; i < N_ELEMENTS(numbers); i++)
        if (strcmp(key, numbers[i].name) == 0)
            return read_number(key, v, numbers[i].is_time, number_at(m, i));
    return ERR_NOT_FOUND;
}

static enum err read_named(struct arena *a, const char *key, const json_t *v, struct memory_item *m)
{
    if (strcmp(key, "scope") == 0)
        return scope_parse(a, json_strval(v), &m->scope);
    if (strcmp(key, "kind") == 0)
        return item_kind_parse(json_strval(v), &m->kind) ? OK : wrong(key, "one of fact, preference, decision, person, project, task, "
                                                                           "note, exchange, summary, passage, row");
    if (strcmp(key, "origin") == 0)
        return item_origin_parse(json_strval(v), &m->origin) ? OK : wrong(key, "one of person, assistant, conversation, document, import");
    if (strcmp(key, "fields") == 0) {
        m->fields = json_print(a, v);
        return json_is_object(v) ? OK : wrong(key, "an object");
    }
    if (strcmp(key, "pinned") == 0) {
        m->pinned = json_is_true(v);
        return json_is_boolean(v) ? OK : wrong(key, "true or false");
    }
    if (strcmp(key, "id") == 0)
        return read_number(key, v, false, &m->id);
    if (strcmp(key, "embedded") == 0)
        return read_number(key, v, false, &m->embedded);
    return failed(ERR_INPUT, "memory: there is no field \"%.*s\"", 60, key);
}

enum err item_from_json(struct arena *a, const json_t *j, struct memory_item *out)
{
    struct memory_item m = { .confidence = 1, .importance = 0.5, .kind = ITEM_NOTE, .origin = ORIGIN_IMPORT };
    const char *key;
    json_t *v;

    if (!json_is_object(j))
        return failed(ERR_INPUT, "memory: it must be a JSON object");
    if (json_at(j, "scope") == NULL)
        return wrong("scope", "there");
    json_object_foreach((json_t *)j, key, v) {
        enum err e = read_tabled(a, key, v, &m);

        TRY(e == ERR_NOT_FOUND ? read_named(a, key, v, &m) : e);
    }
    TRY(item_check(&m));
    *out = m;
    return OK;
}
