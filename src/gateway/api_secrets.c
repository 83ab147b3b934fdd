// SPDX-License-Identifier: Apache-2.0
/* api_secrets.c: secrets are set, named and removed; their values are never answered. */
#include "gateway/handlers.h"
#include "store/secrets.h"

enum err admin_secrets(struct request *q) AWAITS
{
    const struct secrets *s = q->gateway->secrets;
    json_t *names = json_array();

    for (size_t i = 0; secret_name(s, i).p; i++)
        json_array_append_new(names, json_from_str(secret_name(s, i)));
    return answer_json(q, 200, json_pack("{s:o, s:s}", "secrets", names, "key", secrets_key_source(s)));
}

enum err admin_set_secret(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;

    TRY(request_json(q, &body));
    TRY(secret_set(q->gateway->secrets, q->arguments[0], json_text_str(body, "value"), S("owner")));
    return answer_json(q, 200, json_object());
}

enum err admin_remove_secret(struct request *q) AWAITS
{
    TRY(secret_remove(q->gateway->secrets, q->arguments[0], S("owner")));
    return answer_json(q, 200, json_object());
}

enum err admin_rotate_secrets(struct request *q) AWAITS
{
    TRY(secrets_rotate(q->gateway->secrets, S("owner")));
    return answer_json(q, 200, json_object());
}
