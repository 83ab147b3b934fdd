// SPDX-License-Identifier: Apache-2.0
/* item.h: one thing that is remembered: a fact, a task, an exchange of a conversation, a passage of a document. */
#pragma once
#include "base/json.h"
#include "memory/scope.h"
#include "store/store.h"

enum item_kind {
    ITEM_FACT, ITEM_PREFERENCE, ITEM_DECISION, ITEM_PERSON, ITEM_PROJECT, ITEM_TASK, ITEM_NOTE,    /* long-term memory */
    ITEM_EXCHANGE,              /* a message and its answer, as it was said */
    ITEM_SUMMARY,               /* of exchanges; item_sources has which */
    ITEM_PASSAGE, ITEM_ROW,     /* knowledge: of a document; of a table */
    N_ITEM_KINDS,
};
enum item_origin { ORIGIN_PERSON, ORIGIN_ASSISTANT, ORIGIN_CONVERSATION, ORIGIN_DOCUMENT, ORIGIN_IMPORT, N_ITEM_ORIGINS };
enum { ITEM_TEXT_MAX = 32 << 10, ITEM_TITLE_MAX = 1000, ITEM_HASH_SIZE = 65 };

struct memory_item {
    int64_t          id;            /* partition << 40 | sequence (id.h); 0: not stored yet */
    struct scope     scope;
    str              collection;    /* of knowledge; "": memories */
    enum item_kind   kind;
    enum item_origin origin;
    str              title, text, place;    /* a passage's: "handbook.pdf > Setup", the words, "page 3" */
    str              fields;        /* a row's: a JSON object of its columns; "" */
    str              person;        /* who said it or had it saved; "": nobody */
    str              session_id;    /* where it comes from; "" */
    int64_t          inbox_id;      /* the message it comes from; 0 */
    int64_t          document;      /* 0 */
    str              taint;         /* whose words are in it besides the person's; "": nobody's */
    double           confidence, importance;        /* 0 to 1 */
    bool             pinned;        /* never expires, comes first */
    int64_t          created_at, expires_at;        /* ms; expires_at 0: never */
    int64_t          replaced_by;   /* 0: it holds */
    int64_t          used_at, uses;
    int64_t          embedded;      /* generation of its vector; 0: none yet; -1: it cannot have one */
};

const char *item_kind_name(enum item_kind);         /* fact, preference, ... */
bool        item_kind_parse(str, enum item_kind *out);
const char *item_origin_name(enum item_origin);
bool        item_origin_parse(str, enum item_origin *out);

/* What can be stored: UTF-8 without NUL, not empty, within the maxima, numbers in their ranges.  ERR_INPUT says what is wrong.
 * It does not mend: whoever reads outside bytes repairs them first (utf8_add_repaired()). */
enum err    item_check(const struct memory_item *) MUST_USE;
/* Hex SHA-256 of title and text, white space runs as one space: the same words have the same vector. */
void        item_hash(const struct memory_item *, char out[ITEM_HASH_SIZE]);
/* A row of the view items_whole (sql/.../memory/migrations/): whoever reads whole items reads them there.  The strings are the rows'. */
void        item_of_row(const struct rows *, size_t row, struct memory_item *out);
/* For people and programs: CLI, API, export.  A new reference. */
json_t     *item_to_json(const struct memory_item *);
/* The same read back (import).  ERR_INPUT names the field. */
enum err    item_from_json(struct arena *, const json_t *, struct memory_item *out) MUST_USE;
