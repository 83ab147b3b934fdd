// SPDX-License-Identifier: Apache-2.0
/* api_models.c: which models can be reached from here, and whether one works. */
#include "gateway/handlers.h"
#include "gateway/models.h"
#include "model/survey.h"

enum err admin_models(struct request *q) AWAITS
{
    struct models *m = q->gateway->models;
    struct model_set_settings settings;
    json_t *answer;

    models_settings(m, q->arena, &settings);
    TRY(survey_servers(&settings, models_set(m), q->arena, &answer));
    return answer_json(q, 200, answer);
}

enum err admin_test_model(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct model_set *set = models_set(q->gateway->models);
    struct model *m;

    TRY(request_json(q, &body));
    if (set == NULL)
        return failed(ERR_NOT_FOUND, "there is no model in use");
    TRY(model_set_find(set, json_text_str(body, "model"), &m));
    return answer_json(q, 200, survey_test(m));
}
