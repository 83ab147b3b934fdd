// SPDX-License-Identifier: Apache-2.0
/* openai_shared.h: what OpenAI's two APIs, chat completions and responses, have in common: the list of models, embeddings, and how
 * parts of a request are written.  Bodies are written as text: a conversation is many strings, and a tree of them would cost ten
 * times the writing. */
#pragma once
#include "domain/provider.h"

/* https://platform.openai.com/docs/api-reference/models/list */
enum err openai_list_models(struct arena *, const struct model_target *, struct http_request *out);
enum err openai_listed(struct arena *, str body, const char ***ret_names, size_t *ret_n);

/* https://platform.openai.com/docs/api-reference/embeddings: vectors in base64 are asked for, and lists of numbers understood. */
enum err openai_embed(struct arena *, const struct model_target *, str model, const str *texts, size_t n, size_t dimension,
                      struct http_request *out);
enum err openai_embedded(struct arena *, str body, struct embeddings *out);

/* The messages as a server with these quirks takes them, in the arena: system messages within the user's (QUIRK_SYSTEM_AS_USER), and
 * said in words that JSON is wanted where no field says it well enough. */
void openai_adapt(struct arena *, struct prompt *, unsigned quirks);

/* False also where tools must not be used and that cannot be said. */
bool openai_offers_tools(const struct prompt *, unsigned quirks);
/* tool_choice and parallel_tool_calls; `before` and `after` stand around the name of the one tool that has to be used. */
void openai_add_choice(struct buf *, const struct prompt *, unsigned quirks, str before, str after);
/* temperature and top_p. */
void openai_add_randomness(struct buf *, const struct prompt *, unsigned quirks);
/* How JSON is asked for. */
enum openai_format { FORMAT_NONE, FORMAT_OBJECT, FORMAT_SCHEMA } openai_format(const struct prompt *, unsigned quirks);

/* `before`, which ends in ':', and the value. */
void openai_add_text(struct buf *, str before, str text);
void openai_add_data_url(struct buf *, str before, const struct image *);
/* "name":...,"schema":...,"strict":... of a prompt with a schema.  It is strict where the schema is of the kind that can be
 * (https://platform.openai.com/docs/guides/structured-outputs): all objects name all their properties as required, and allow no others. */
void openai_add_schema(struct buf *, const struct prompt *);
