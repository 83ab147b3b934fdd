// SPDX-License-Identifier: Apache-2.0
/* detect.h: which model to use.  Cheap enough to be asked again whenever there was none: a local server that was
 * started later is found.
 *
 * In this order: the configuration; OPENAI_API_KEY and OPENAI_BASE_URL (and OPENAI_MODEL) in the environment; an
 * Ollama server on $OLLAMA_HOST or 127.0.0.1:11434, asked by its own API; a llama.cpp server on 127.0.0.1:8080; LM Studio on
 * 127.0.0.1:1234.  An endpoint without a path gets "/v1".
 * Where no model is named, the server is asked for its list, and the first that can chat is taken (OpenAI's own list
 * is too long for that: there it is a small one of theirs). */
#pragma once
#include "model/complete.h"

/* "" or NULL: not set. */
struct model_settings {
    const char *endpoint, *api_key, *model;
    bool        configured_only;    /* nothing is looked for in the environment or on this machine */
};

/* Everything in *out is in the arena.  ERR_NOT_FOUND: none is configured and none is there; the text says what was
 * looked for.  ERR_NET, ERR_TIMEOUT, ERR_AUTH, ...: one is configured without a model's name, and cannot be asked for it. */
enum err model_find(struct arena *, const struct model_settings *, struct model *out) AWAITS MUST_USE;

/* The names that the model's server offers, as it orders them. */
enum err model_list(struct arena *, const struct model *, const char ***ret_names, size_t *ret_n) AWAITS MUST_USE;
/* The same, with how many tokens each holds as far as the list says so; 0. */
struct model_listing { const char **names; int64_t *contexts; size_t n; };
enum err model_list_told(struct arena *, const struct model *, struct model_listing *out) AWAITS MUST_USE;
/* "host:port" of OLLAMA_HOST, which Ollama itself goes by: "host", "host:port", ":port" or a URL (0.0.0.0 is where it listens); or else
 * 127.0.0.1:11434. */
char *ollama_address(struct arena *);

/* The servers that are looked for on this machine, whether they run or not; their name is "" and their label "ollama/" and so on.
 * In the arena. */
enum { N_MODEL_LOCALS = 3 };
void model_locals(struct arena *, struct model out[N_MODEL_LOCALS]);
