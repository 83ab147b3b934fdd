// SPDX-License-Identifier: Apache-2.0
/* api.h: what the APIs of models have in common: the head of a request, and errors as JSON. */
#pragma once
#include "domain/provider.h"
#include "net/client.h"

/* A GET of endpoint/path, or a POST where `body` has something (it is copied, and is JSON), with the key in target->key_field or else in
 * `key_field` ("Authorization": "Bearer " goes before it), and `more` (n fields, may be 0) behind that.  All in the arena. */
struct api_head { const char *path, *key_field; const struct http_field *more; size_t n_more; };
void     api_request(struct arena *, const struct model_target *, const struct api_head *, str body, struct http_request *out);

/* The items of a message's `kept` if they are this API's: a new reference.  NULL: none, or another's. */
json_t  *api_kept(str kept, const char *api);

/* What an error document says: {"error": {"message", ...}}; {"error": "text"}; {"message"}; {"detail"}.  NO_STR: no error in it. */
str      api_error_words(const json_t *);
/* What the caller can do about it.  kind: the API's own word ("rate_limit_error"), words: what it says.
 * ERR_NET and ERR_LIMIT may be tried again; ERR_AUTH: key or account; ERR_TOO_LONG: the prompt; ERR_INPUT: refused otherwise. */
enum err api_code(int status, str kind, str words);
/* An answer with a status that is not 200, with its words. */
enum err api_refused(int status, str body) MUST_USE;
/* The pause that a refusal asks for in its document, as Google's do: error.details of type RetryInfo, "retryDelay": "34.07s".
 * UINT64_MAX: it asks for none. */
uint64_t api_retry_delay_ms(str body);
/* An error that came within a stream, or with status 200. */
enum err api_broke_off(const json_t *) MUST_USE;

/* The arguments of a call that goes back, where the API takes only an object: "{}" for what is none. */
str      api_call_arguments(str written);
/* The text at `path` of each element, but for those that have none. */
void     api_names(struct arena *, const json_t *list, const char *path, const char ***ret_names, size_t *ret_n);
/* A list of vectors, or of objects that have one at `path` (NULL: the elements are it), all of one length; in the arena.  A vector is a
 * list of numbers or the base64 of floats (little endian, as every machine is that this is built for).
 * ERR_REMOTE: it is none. */
enum err api_vectors(struct arena *, const json_t *list, const char *path, struct embeddings *out) MUST_USE;
/* How many tokens the model `name` holds, as a list of models says it: vLLM, OpenRouter, Mistral, Groq, Gemini and llama.cpp (of which it
 * is what the model was trained for) each have a word.  0: the list says nothing. */
int64_t  api_listed_context(const json_t *list, const char *name);
