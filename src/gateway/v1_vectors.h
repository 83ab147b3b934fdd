// SPDX-License-Identifier: Apache-2.0
/* v1_vectors.h: OpenAI's embeddings (https://platform.openai.com/docs/api-reference/embeddings), request and answer.  No I/O. */
#pragma once
#include "domain/provider.h"
#include "gateway/v1.h"

struct v1_vectors_wish {
    str    *texts;              /* as long as the body */
    size_t  n;
    int64_t dimensions;         /* 0: not said */
    bool    base64;
};

/* r->model too.  ERR_INPUT names the parameter, as all dialects do. */
enum err v1_vectors_read(struct v1_request *, const json_t *body, struct v1_vectors_wish *) MUST_USE;
json_t  *v1_vectors_write(const struct embeddings *, const struct v1_vectors_wish *, const char *model);    /* new reference */
