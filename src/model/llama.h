// SPDX-License-Identifier: Apache-2.0
/* llama.h: one run of llama.cpp's llama-server, from its start to its end
 * (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md: arguments, /health, errors).
 *
 * It listens on a Unix socket in a folder of its own, and dies with us, however we die.  What it said last is kept for errors. */
#pragma once
#include "model/gguf.h"
#include "runtime/fiber.h"

struct llama_options {
    const char *binary;                 /* as llama_find() has it */
    const char *folder;                 /* for the socket; ours alone */
    struct gguf model;
    const char *name;                   /* what it calls the model */
    int64_t     context;                /* tokens a conversation may have */
    unsigned    slots, threads;
    int64_t     gpu_layers;             /* negative: as llama-server likes */
    const char *const *arguments;       /* more of them */
    size_t      n_arguments;
};

struct llama;

/* The program: the one that is wanted, or llama-server in PATH for "".  ERR_NOT_FOUND: the text says how to get it. */
enum err    llama_find(struct arena *, const char *wanted, const char **out) MUST_USE;
/* Where the socket of one that is started in this folder is. */
const char *llama_socket_in(struct arena *, const char *folder);
/* Errors of llama_find(), too.  *changed is woken when it has died. */
enum err    llama_start(const struct llama_options *, struct waiters *changed, struct llama **out) MUST_USE;
void        llama_stop(struct llama *);                 /* at once; nothing of it is left.  Accepts NULL */
void        llama_stopp(struct llama **);
int         llama_pid(const struct llama *);
bool        llama_is_dead(const struct llama *);
/* An error with how it ended and its last words. */
enum err    llama_died(const struct llama *) MUST_USE;

/* Until it has loaded its model.  ERR_INPUT: it died over it; ERR_TIMEOUT: it takes longer than that. */
enum err    llama_wait_ready(struct llama *, uint64_t ms) AWAITS MUST_USE;
/* A completion of one token, so that the first person does not wait for what the first one costs. */
enum err    llama_warm(struct llama *, uint64_t ms) AWAITS MUST_USE;
/* Does it answer within that time? */
enum err    llama_check(struct llama *, uint64_t ms) AWAITS MUST_USE;
