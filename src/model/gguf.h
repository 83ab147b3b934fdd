// SPDX-License-Identifier: Apache-2.0
/* gguf.h: finds the file of a local model, by its name and its first bytes
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: the magic "GGUF", names, and parts "-00001-of-00003"). */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct gguf {
    const char *file;           /* of several parts the first */
    const char *projector;      /* "mmproj-*.gguf" in a folder of this model alone: it sees images; NULL: none */
    const char *name;           /* the file's, without its end: "Qwen3-8B-Q4_K_M" */
};

/* path: a file, or a folder with files.  quant ("Q4_K_M", any case; "": any): chooses one of a folder, and has to be in the name of a file.
 * Blocks.  ERR_NOT_FOUND, ERR_INPUT: the text says what to do. */
enum err gguf_find(struct arena *, const char *path, const char *quant, struct gguf *out) MUST_USE;
/* What the model in such a file is called, whether it is there or not; in the arena. */
const char *gguf_name(struct arena *, const char *file);
