// SPDX-License-Identifier: Apache-2.0
/* api_knowledge.c: collections of knowledge, for whoever holds the token: the owner. */
#include "gateway/handlers.h"
#include "memory/knowledge.h"
#include "store/audit.h"


static str text_of(const json_t *j, const char *name, const char *otherwise)
{
    str s = json_text_str(j, name);

    return s.len ? s : str_from(otherwise);
}

/* The collection that the path names, of ?scope= where several scopes have one of that name. */
static enum err find(struct request *q, int64_t *ret_id)
{
    str text = NO_STR;
    struct scope scope;

    if (!http_query(q->http, S("scope"), &text) || text.len == 0)
        return knowledge_find(q->gateway->knowledge, q->arguments[0], NULL, 0, ret_id);
    TRY(scope_parse(q->arena, text, &scope));
    return knowledge_find(q->gateway->knowledge, q->arguments[0], &scope, 1, ret_id);
}

static enum err answer_collection(struct request *q, int status, int64_t id) AWAITS
{
    struct knowledge_collection c;

    TRY(knowledge_get(q->gateway->knowledge, q->arena, id, &c));
    return answer_json(q, status, knowledge_collection_json(&c));
}

static void audit(const struct request *q, const char *event, str name, json_t *detail)
{
    audit_later(q->gateway->store, &(struct audit_row){ .person = S("owner"), .platform = str_from(caller_platform(q->caller)),
                                                        .event = event, .subject = name, .detail = detail });
}

enum err get_knowledge(struct request *q) AWAITS
{
    const struct knowledge_collection *list;
    json_t *array = json_array();
    struct scope scope;
    str text = NO_STR;
    size_t n;
    bool one = http_query(q->http, S("scope"), &text) && text.len;

    if (one)
        TRY(scope_parse(q->arena, text, &scope));
    TRY(knowledge_list(q->gateway->knowledge, q->arena, &scope, one, &list, &n));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, knowledge_collection_json(&list[i]));
    return answer_json(q, 200, json_pack("{s:o}", "collections", array));
}

enum err post_knowledge(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    int64_t id;

    TRY(request_json(q, &body));
    struct knowledge_source s = {
        .name = json_text_str(body, "name"), .source = json_text_str(body, "source"), .rows = json_flag(body, "rows"),
        .watched = json_flag(body, "watch"), .trusted = json_flag(body, "trusted"), .added_by = S("owner"),
    };

    TRY(scope_parse(q->arena, text_of(body, "scope", "user:owner"), &s.scope));
    TRY(knowledge_add(q->gateway->knowledge, &s, &id));
    audit(q, "knowledge.added", s.name, json_pack("{s:b}", "trusted", (int)s.trusted));
    return answer_collection(q, 201, id);
}

enum err get_collection(struct request *q) AWAITS
{
    int64_t id;

    TRY(find(q, &id));
    return answer_collection(q, 200, id);
}

static json_t *document_json(const struct knowledge_document *d)
{
    return json_pack("{s:o, s:I, s:I, s:o, s:o}", "name", json_from_str(d->name), "size", (json_int_t)d->size, "items",
                     (json_int_t)d->items, "error", json_from_str(d->error), "synced_at", time_or_null(d->synced_at));
}

enum err get_collection_documents(struct request *q) AWAITS
{
    const struct knowledge_document *list;
    str after = S(""), failed_only = S("");
    json_t *array = json_array();
    int64_t id, limit;
    size_t n;

    TRY(find(q, &id));
    http_query(q->http, S("after"), &after);
    http_query(q->http, S("failed"), &failed_only);
    TRY(request_number(q, "limit", 100, 1, 1000, &limit));
    TRY(knowledge_documents(q->gateway->knowledge, q->arena, id, str_eq(failed_only, S("1")) ? KNOWLEDGE_FAILED : KNOWLEDGE_ALL, after,
                            (size_t)limit, &list, &n));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, document_json(&list[i]));
    return answer_json(q, 200, json_pack("{s:o}", "documents", array));
}

/* Without a body: what changed, and nobody waits. */
enum err post_collection_sync(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    int64_t id;

    if (q->http->body.len)
        TRY(request_json(q, &body));
    TRY(find(q, &id));
    TRY(knowledge_sync(q->gateway->knowledge, id, json_flag(body, "again") ? KNOWLEDGE_AGAIN : KNOWLEDGE_CHANGED));
    return answer_collection(q, 202, id);
}

enum err post_collection_stop(struct request *q) AWAITS
{
    int64_t id;

    TRY(find(q, &id));
    TRY(knowledge_cancel(q->gateway->knowledge, id));
    return answer_collection(q, 200, id);
}

enum err delete_collection(struct request *q) AWAITS
{
    int64_t id;

    TRY(find(q, &id));
    TRY(knowledge_remove(q->gateway->knowledge, id));
    audit(q, "knowledge.removed", q->arguments[0], NULL);
    return answer_json(q, 200, json_pack("{s:o}", "removed", json_from_str(q->arguments[0])));
}
