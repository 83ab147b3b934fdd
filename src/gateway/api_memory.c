// SPDX-License-Identifier: Apache-2.0
/* api_memory.c: what is remembered, for whoever holds the token: the owner.  Whose it is about is said by ?scope=user:bob, or ?user=bob
 * for short, or ?all=1; otherwise it is what is the owner's, an agent's, a project's and everybody's. */
#include "gateway/care.h"
#include "gateway/forget.h"
#include "gateway/handlers.h"
#include "gateway/memory_import.h"
#include "memory/recall.h"
#include "store/audit.h"

enum { LIST_MAX = 1000, FOUND_MAX = 100000, MATCHING_PAGE = 1000 };

static str query(const struct request *q, str name)
{
    str value = NO_STR;

    return http_query(q->http, name, &value) ? value : S("");
}

/* ---- whose ---- */

struct scopes { const struct scope *list; size_t n; };

static bool is_asked_for(struct scope s, bool all)
{
    if (scope_eq(s, (struct scope){ SCOPE_AGENT, S("(canary)") }))      /* memory/canary.c: there for a moment */
        return false;
    return all || s.kind == SCOPE_AGENT || s.kind == SCOPE_PROJECT || s.kind == SCOPE_GLOBAL
        || scope_eq(s, (struct scope){ SCOPE_USER, S("owner") });
}

static enum err scopes_there_are(struct request *q, bool all, struct scopes *out) AWAITS
{
    const struct memory_partition *p;
    struct scope *list;
    size_t n;

    TRY(memory_partitions(q->gateway->memory, q->arena, NULL, 0, &p, &n));
    list = arena_alloc(q->arena, n * sizeof *list);
    *out = (struct scopes){ list, 0 };
    for (size_t i = 0; i < n; i++)
        if (is_asked_for(p[i].scope, all))
            list[out->n++] = p[i].scope;
    return OK;
}

static enum err scopes_named(struct request *q, str scope, str user, bool all, struct scopes *out) AWAITS
{
    struct scope *one = ARENA_NEW(q->arena, struct scope);

    if (scope.len && user.len)
        return failed(ERR_INPUT, "a scope and a user: one of the two says whose memories are meant");
    if (scope.len)
        TRY(scope_parse(q->arena, scope, one));
    else if (user.len)
        *one = (struct scope){ SCOPE_USER, user };
    else
        return scopes_there_are(q, all, out);
    *out = (struct scopes){ one, 1 };
    return OK;
}

static enum err scopes_of(struct request *q, struct scopes *out) AWAITS
{
    return scopes_named(q, query(q, S("scope")), query(q, S("user")), query(q, S("all")).len > 0, out);
}

static enum err kinds_of(str names, uint32_t *out)
{
    enum item_kind kind;
    str name;

    *out = 0;
    while (names.len && str_split(&names, ',', &name)) {
        if (!item_kind_parse(name, &kind))
            return failed(ERR_INPUT, "there is no kind \"%.*s\": fact, preference, decision, person, project, task, note, exchange, "
                                     "summary, passage, row", STR(str_take(name, 40)));
        *out |= 1u << kind;
    }
    return OK;
}

/* ---- reading ---- */

static json_t *items_json(const struct memory_item *items, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, item_to_json(&items[i]));
    return list;
}

enum err get_memories(struct request *q) AWAITS
{
    struct memory_filter f = { .person = query(q, S("person")), .session_id = query(q, S("session")),
                               .collection = query(q, S("collection")), .with_replaced = query(q, S("replaced")).len > 0 };
    const struct memory_item *items;
    struct scopes scopes;
    int64_t limit;
    size_t n;

    TRY(scopes_of(q, &scopes));
    TRY(kinds_of(query(q, S("kind")), &f.kinds));
    TRY(audit_since(query(q, S("since")), &f.since));
    TRY(request_number(q, "limit", 100, 1, LIST_MAX, &limit));
    TRY(request_number(q, "before", 0, 0, INT64_MAX, &f.before));
    f.scopes = scopes.list;
    f.n_scopes = scopes.n;
    f.limit = (size_t)limit;
    TRY(memory_list(q->gateway->memory, q->arena, &f, &items, &n));
    return answer_json(q, 200, json_pack("{s:o}", "items", items_json(items, n)));
}

static json_t *found_json(const struct recall_result *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(list, json_pack("{s:o, s:f, s:o}", "item", item_to_json(&r->items[i].item), "score", r->items[i].score,
                                              "why", json_from_str(r->items[i].why)));
    return list;
}

enum err search_memories(struct request *q) AWAITS
{
    struct recall_query r = { .text = query(q, S("q")) };
    static const str any = { "*", 1 };
    struct recall_result found;
    struct scopes scopes;
    int64_t limit;

    if (str_trim(r.text).len == 0)
        return failed(ERR_INPUT, "what is looked for is missing: ?q=WORDS");
    TRY(scopes_of(q, &scopes));
    TRY(kinds_of(query(q, S("kind")), &r.kinds));
    TRY(request_number(q, "limit", 10, 1, 100, &limit));
    r.scopes = scopes.list;
    r.n_scopes = scopes.n;
    r.k = (size_t)limit;
    if (query(q, S("knowledge")).len) {
        r.collections = &any;
        r.n_collections = 1;
    }
    TRY(recall(q->gateway->memory, q->arena, &r, &found));
    return answer_json(q, 200, json_pack("{s:o, s:o}", "found", found_json(&found), "note", json_from_str(found.note)));
}

/* Any scope's: the owner asks. */
static enum err find_item(struct request *q, int64_t id, struct memory_item *out) AWAITS
{
    struct scopes all;

    TRY(scopes_there_are(q, true, &all));
    return memory_get(q->gateway->memory, q->arena, id, all.list, all.n, out);
}

static enum err item_named(struct request *q, int64_t *ret_id)
{
    return str_i64(q->arguments[0], ret_id) ? failed_in(ERR_INPUT, "the memory's number: ") : OK;
}

enum err get_memory(struct request *q) AWAITS
{
    struct memory_item item;
    int64_t id;

    TRY(item_named(q, &id));
    TRY(find_item(q, id, &item));
    return answer_json(q, 200, item_to_json(&item));
}

enum err get_memory_stats(struct request *q) AWAITS
{
    struct memory_stats s;

    TRY(memory_stats(q->gateway->memory, &s));
    return answer_json(q, 200, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "items", (json_int_t)s.items, "pending",
        (json_int_t)s.pending, "failed", (json_int_t)s.failed, "purges", (json_int_t)s.purges, "documents", (json_int_t)s.documents,
        "collections", (json_int_t)s.collections, "vectors", (json_int_t)s.vectors, "vector_bytes", (json_int_t)s.vector_bytes,
        "database_bytes", (json_int_t)s.database_bytes, "embedder", s.embedder, "index", s.index));
}

/* ---- changing ---- */

static void audit(const struct request *q, const char *event, str subject, json_t *detail)
{
    audit_later(q->gateway->store, &(struct audit_row){ .person = S("owner"), .platform = str_from(caller_platform(q->caller)),
                                                        .event = event, .subject = subject, .detail = detail });
}

enum err pin_memory(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct memory_item item;
    int64_t id;

    TRY(request_json(q, &body));
    TRY(item_named(q, &id));
    TRY(find_item(q, id, &item));
    TRY(memory_pin(q->gateway->memory, id, json_flag(body, "pinned")));
    TRY(find_item(q, id, &item));
    return answer_json(q, 200, item_to_json(&item));
}

enum err check_memory(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct memory_findings f;

    TRY(request_json(q, &body));
    TRY(memory_check(q->gateway->memory, q->arena, json_flag(body, "repair") ? MEMORY_MEND : MEMORY_LOOK, &f));
    return answer_json(q, 200, json_pack("{s:o, s:I, s:I, s:I, s:I, s:I}", "findings", json_from_str(f.text), "n", (json_int_t)f.n,
        "mended", (json_int_t)f.mended, "items", (json_int_t)f.items, "vectors", (json_int_t)f.vectors, "purges", (json_int_t)f.purges));
}

enum err optimize_memory(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct care_report r;

    TRY(request_json(q, &body));
    TRY(care_optimize(q->gateway, json_flag(body, "dry_run") ? MEMORY_TELL : MEMORY_DO, &r));
    return answer_json(q, 200, json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "dry_run", (int)json_flag(body, "dry_run"),
        "expired", (json_int_t)r.expired, "merged", (json_int_t)r.merged, "conversations", (json_int_t)r.conversations, "exchanges",
        (json_int_t)r.exchanges, "rebuilt", (json_int_t)r.rebuilt, "by_model", (json_int_t)r.by_model, "bytes_before",
        (json_int_t)r.bytes_before, "bytes_after", (json_int_t)r.bytes_after));
}

enum err import_memories(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL, *errors = json_array();
    struct memory_import in = { .memory = q->gateway->memory, .record = q->gateway->store, .arena = q->arena, .errors = errors };
    struct scope scope;

    TRY(request_json(q, &body));
    if (json_text(body, "scope")[0]) {
        TRY(scope_parse(q->arena, json_text_str(body, "scope"), &scope));
        in.scope = &scope;
    }
    TRY(memory_import(&in, json_object_get(body, "items")));
    audit(q, "memory.imported", NO_STR, json_pack("{s:I}", "items", (json_int_t)in.n));
    return answer_json(q, 200, json_pack("{s:I, s:O}", "saved", (json_int_t)in.n, "errors", errors));
}

/* ---- forgetting ---- */

struct doomed { int64_t *ids; size_t n; };

static enum err add_matching(struct request *q, str words, uint32_t partition, struct doomed *d) AWAITS
{
    int64_t from = (int64_t)partition << 40, to = ((int64_t)partition + 1) << 40;
    struct rows r;

    do {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        TRY(store_read(q->gateway->memory_store, a, &r, "forget.matching", "siii", words, from, to, (int64_t)MATCHING_PAGE));
        for (size_t i = 0; i < r.n; i++) {
            if (d->n == FOUND_MAX)
                return failed(ERR_LIMIT, "more than %d memories are meant: name fewer words, or a scope", FOUND_MAX);
            d->ids[d->n++] = row_int(&r, i, 0);
            from = row_int(&r, i, 0) + 1;
        }
    } while (r.n == MATCHING_PAGE);
    return OK;
}

static enum err add_scope(struct request *q, uint32_t partition, const struct scope *s, struct doomed *d) AWAITS
{
    struct memory_filter f = { .scopes = s, .n_scopes = 1, .with_replaced = true, .limit = LIST_MAX };
    const struct memory_item *items;
    size_t n;

    (void)partition;
    do {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        TRY(memory_list(q->gateway->memory, a, &f, &items, &n));
        for (size_t i = 0; i < n; i++) {
            if (d->n == FOUND_MAX)
                return failed(ERR_LIMIT, "more than %d memories are meant", FOUND_MAX);
            d->ids[d->n++] = f.before = items[i].id;
        }
    } while (n == LIST_MAX);
    return OK;
}

/* All that have all the words, in these scopes; knowledge is taken out with its collection. */
static enum err find_doomed(struct request *q, const struct scopes *scopes, str words, struct doomed *d) AWAITS
{
    const struct memory_partition *p = NULL;
    size_t n = 0;

    if (scopes->n)
        TRY(memory_partitions(q->gateway->memory, q->arena, scopes->list, scopes->n, &p, &n));
    d->ids = arena_alloc(q->arena, FOUND_MAX * sizeof *d->ids);
    for (size_t i = 0; i < n; i++)
        if (p[i].collection.len == 0)
            TRY(words.len ? add_matching(q, words, p[i].id, d) : add_scope(q, p[i].id, &p[i].scope, d));
    return OK;
}

static enum err doomed_ids(struct request *q, const json_t *ids, struct doomed *d) AWAITS
{
    size_t n = json_array_size(ids);

    d->ids = arena_alloc(q->arena, (n + 1) * sizeof *d->ids);
    for (size_t i = 0; i < n; i++) {
        struct memory_item item;
        int64_t id = json_integer_value(json_array_get(ids, i));

        TRY(find_item(q, id, &item));
        d->ids[d->n++] = id;
    }
    return OK;
}

/* What is meant: ids, or a query, or a scope. */
static enum err what_is_meant(struct request *q, const json_t *body, struct doomed *d) AWAITS
{
    str words = str_trim(json_text_str(body, "query")), scope = json_text_str(body, "scope");
    struct scopes scopes;

    if (json_at(body, "ids"))
        return doomed_ids(q, json_at(body, "ids"), d);
    if (words.len == 0 && scope.len == 0)
        return failed(ERR_INPUT, "what is to be forgotten: \"ids\", \"query\", \"scope\" or \"user\"");
    str expression = memory_words_expression(q->arena, words);

    if (words.len && expression.len == 0)
        return failed(ERR_INPUT, "there is no word in \"%.*s\"", STR(str_take(words, 60)));
    TRY(scopes_named(q, scope, NO_STR, json_flag(body, "all"), &scopes));
    return find_doomed(q, &scopes, expression, d);
}

static enum err answer_forgotten(struct request *q, const struct forgotten *f) AWAITS
{
    return answer_json(q, 200, json_pack("{s:I, s:I, s:I, s:I}", "items", (json_int_t)f->items, "messages", (json_int_t)f->messages,
                                         "sessions", (json_int_t)f->sessions, "at_work", (json_int_t)f->at_work));
}

static enum err forget_user(struct request *q, str person) AWAITS
{
    struct forgotten f;

    TRY(forget_person(q->gateway, person, &f));
    return answer_forgotten(q, &f);
}

enum err forget_memories_of(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct forgotten f = { 0 };
    struct doomed d = { 0 };

    TRY(request_json(q, &body));
    if (json_text(body, "user")[0])
        return forget_user(q, json_text_str(body, "user"));
    TRY(what_is_meant(q, body, &d));
    if (json_flag(body, "dry_run"))
        return answer_json(q, 200, json_pack("{s:I, s:b}", "items", (json_int_t)d.n, "dry_run", 1));
    if (d.n)
        TRY(forget_items(q->gateway, d.ids, d.n, json_flag(body, "keep_messages") ? KEEP_MESSAGES : FORGET_MESSAGES, &f));
    audit(q, "memory.forgotten", NO_STR, json_pack("{s:I, s:I}", "items", (json_int_t)f.items, "messages", (json_int_t)f.messages));
    return answer_forgotten(q, &f);
}
