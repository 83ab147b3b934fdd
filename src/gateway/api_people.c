// SPDX-License-Identifier: Apache-2.0
/* api_people.c: who is known, what roles and rows there are, and what they decide. */
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/handlers.h"
#include "gateway/people.h"
#include "tool/policy_show.h"

static struct people *people_of(const struct request *q)
{
    return access_people(q->gateway->access);
}

static struct people_change change_of(const struct request *q)
{
    return (struct people_change){ q->gateway, people_of(q) };
}

static enum err answer_person(struct request *q, str id) AWAITS
{
    json_t *j = person_json(people_of(q), id);

    if (!j)
        return failed(ERR_NOT_FOUND, "nobody is called \"%.*s\"", STR(str_take(id, 60)));
    return answer_json(q, 200, j);
}

enum err admin_users(struct request *q) AWAITS
{
    return answer_json(q, 200, json_pack("{s:o}", "users", people_json(people_of(q))));
}

enum err admin_user(struct request *q) AWAITS
{
    return answer_person(q, q->arguments[0]);
}

enum err admin_user_role(struct request *q) AWAITS
{
    struct people_change c = change_of(q);
    CLEANUP(json_decrefp) json_t *body = NULL;

    TRY(request_json(q, &body));
    TRY(people_set_role(&c, q->arguments[0], json_text_str(body, "role")));
    return answer_person(q, q->arguments[0]);
}

enum err admin_user_link(struct request *q) AWAITS
{
    struct people_change c = change_of(q);
    CLEANUP(json_decrefp) json_t *body = NULL;

    TRY(request_json(q, &body));
    TRY(people_link(&c, q->arguments[0], json_text_str(body, "account")));
    return answer_person(q, q->arguments[0]);
}

enum err admin_user_remove(struct request *q) AWAITS
{
    struct people_change c = change_of(q);

    TRY(people_remove(&c, q->arguments[0]));
    return answer_json(q, 200, json_pack("{s:o}", "removed", json_from_str(q->arguments[0])));
}

enum err admin_account_remove(struct request *q) AWAITS
{
    struct people_change c = change_of(q);

    TRY(people_unlink(&c, q->arguments[0]));
    return answer_json(q, 200, json_pack("{s:o}", "removed", json_from_str(q->arguments[0])));
}

enum err admin_roles(struct request *q) AWAITS
{
    return answer_json(q, 200, json_pack("{s:o}", "roles", policy_roles_json(policy_now())));
}

enum err admin_policy(struct request *q) AWAITS
{
    return answer_json(q, 200, json_pack("{s:o}", "rows", policy_rows_json(policy_now())));
}

/* "user": somebody known, in their role. */
static enum err take_user(const struct request *q, json_t *question)
{
    str id = json_text_str(question, "user");
    CLEANUP(json_decrefp) json_t *who = id.len ? person_json(people_of(q), id) : NULL;

    if (id.len == 0)
        return OK;
    if (!who)
        return failed(ERR_NOT_FOUND, "nobody is called \"%.*s\"", STR(str_take(id, 60)));
    json_object_set_new(question, "person", json_from_str(id));
    if (!json_text(question, "role")[0])
        json_object_set_new(question, "role", json_string(json_text(who, "role")));
    return OK;
}

enum err admin_explain(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *question = NULL;
    json_t *answer;

    TRY(request_json(q, &question));
    TRY(take_user(q, question));
    TRY(policy_explain(policy_now(), q->arena, question, q->gateway->workspace, &answer));
    return answer_json(q, 200, answer);
}
