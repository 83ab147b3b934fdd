// SPDX-License-Identifier: Apache-2.0
/* local_server.h: the model that we run ourselves: a llama-server (llama.h) that is started when it is needed or at once, watched, started
 * again when it died or hangs, and stopped when nobody has needed it for a while.
 *
 *   stopped ──somebody needs it──▶ loading ──loaded and warm──▶ ready ──▶ stopped (idle), or
 *                                     └────────failed───────▶ resting ◀──died, hangs──┘
 *
 * As many calls as it has slots are let through at a time, the sessions in turn (admission.h); whoever waits, waits in
 * local_server_enter(), so that no time limit of a call runs meanwhile.  Resting: a pause that grows; after a first death the
 * callers wait it out, and when it cannot be started at all they are told at once why. */
#pragma once
#include "base/json.h"
#include "model/model.h"
#include "runtime/fiber.h"

/* All texts are copied; "" is not set. */
struct local_server_settings {
    const char *path, *quant, *binary;
    const char *folder;                     /* for the socket: ours alone, and it exists */
    int64_t     context;                    /* tokens a conversation may have */
    unsigned    slots, threads;             /* threads 0: all processors but one */
    int64_t     gpu_layers;                 /* negative: as llama-server likes */
    const char *const *arguments;           /* more words for llama-server */
    size_t      n_arguments;
    bool        at_boot;                    /* start now; else when somebody needs it */
    uint64_t    idle_stop_ms;               /* 0: it stays */
    uint64_t    first_token_ms;             /* for the first thing it says, at least: a processor reads slowly; 0: 10 min */
    uint64_t    load_ms, check_every_ms, check_ms, rest_ms;     /* 0: 10 min, 5 s, 5 s, 1 s; tests have shorter ones */
};

/* model.* of config_now(), but for the folder.  False: model.engine is not set. */
bool     local_server_settings_now(struct local_server_settings *);
struct local_server *local_server_new(const struct local_server_settings *);    /* nothing is started yet */
/* The fiber that starts and watches it; ends when it is cancelled, and llama-server with it. */
enum err local_server_run(void *local_server) AWAITS;
void     local_server_free(struct local_server *);      /* accepts NULL; nobody may be inside */

/* The model of such settings, in the arena: "local/" and the name of its file, or of model.path while that cannot be read.
 * server: who runs it; NULL: nobody, and it cannot be asked. */
void     local_server_model(const struct local_server_settings *, struct local_server *server, struct arena *, struct model *out);
/* Is everything there that a start needs?  Errors as of local_server_enter().  Blocks for a moment. */
enum err local_server_check(const struct local_server_settings *) MUST_USE;

/* { .server = NULL } holds nothing. */
struct local_lease { struct local_server *server; };
/* Starts it if need be, and waits for it and for a slot.  session: whose turn it is.  Errors say why it cannot be had. */
enum err local_server_enter(struct local_server *, str session, struct local_lease *out) AWAITS MUST_USE;
void     local_lease_done(struct local_lease *);
uint64_t local_server_first_token_ms(const struct local_server *);

/* {"state", "model", "pid", "slots", "busy", "waiting", "starts", "error"}; a new reference. */
json_t  *local_server_status(const struct local_server *);
