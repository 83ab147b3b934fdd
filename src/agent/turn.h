// SPDX-License-Identifier: Apache-2.0
/* turn.h: from one message to one reply, through as many model calls and tool runs as it takes.
 *
 * A turn may be run again after a crash: it reads its journal and goes on where that ends.  Finished calls are
 * reused.  A call that had started and not finished runs again only if its tool is repeatable; else its result is
 * "unknown", which the model and the person are told.
 *
 * The last reply is not journaled here: turn_add_ending() puts it into the transaction that also holds the message's
 * end and the outbox rows. */
#pragma once
#include "agent/ask.h"
#include "agent/history.h"
#include "agent/loop_guard.h"
#include "agent/planner.h"
#include "agent/recalled.h"
#include "bus/bus.h"
#include "config/config.h"
#include "domain/message.h"
#include "domain/person.h"

/* A call that somebody has to allow. */
struct question { const struct tool_call *call; const struct permission *permission; };

struct turn {
    struct arena  *arena;           /* the turn's; everything below lives in it or longer */
    struct store  *store;
    struct bus    *bus;
    struct histories *histories;    /* history.h */
    struct blobs  *blobs;           /* attachments; NULL: none are kept */
    struct asker   asker;           /* a planner and turn_run_tool() need none */
    const struct planner *planner;  /* chooses the steps in the place of a model, and is shown nothing else of the conversation; or NULL */
    struct asker   fast;            /* for summaries of what the model cannot be shown; route NULL: none */
    int64_t        inbox_id;
    struct message message;
    struct person  person;         /* who wrote it */
    bool           is_new;          /* this is the first try */
    const struct model_route *speech;       /* writes down what is said in audio; NULL: nobody does */
    const char    *workspace;
    str            agent, persona;  /* who answers, and what it is told about itself; "": nothing of its own */
    struct string_list only_tools;  /* it has these at most; none: all that the person may use */
    const char    *instructions;    /* file of the workspace in the place of AGENTS.md; NULL: that one */
    struct tool_host *host;         /* lent to its tools; may be NULL */
    bool           chinese;         /* the language of what is said in the assistant's own name; else English */
    str            language;        /* that the person wants answers in, ISO 639-1; "": the one they write */
    unsigned       max_rounds;      /* model calls in this turn */
    unsigned       max_calls;       /* tool calls; 0: no limit */
    unsigned       max_repeats;     /* of the same call with the same result (loop_guard.h); 0: no limit */
    uint64_t       max_tokens;      /* of all rounds, in and out; 0: no limit */
    uint64_t       max_ms;          /* it has so long: the last answer is asked for before that; 0: no limit */
    unsigned       max_history;     /* earlier messages shown to it at most */
    uint64_t       max_context;     /* tokens that the model is shown at most; 0: as many as it takes (window.h) */
    const struct recaller *recaller;        /* recalled.h: what is shown of the memory; NULL: nothing */
    const struct steer_source *waiting;     /* steer.h: messages that are to be answered with this one; NULL: none */
    void         (*on_delta)(struct turn *, str text);      /* may be NULL */
    void          *arg;             /* the caller's */

    /* What comes out. */
    str            text;            /* the answer */
    struct reply   last;            /* where the answer stands */
    struct usage   usage;           /* of all rounds */
    unsigned       rounds;
    unsigned       unknown_calls;   /* calls whose outcome a crash made unknown */
    bool           waits;           /* it did not end: calls have to be asked for.  Run it again when they were answered */
    const struct question *questions;   /* those that are not stored yet */
    size_t         n_questions;

    /* private */
    struct journal journal;
    struct transcript transcript;
    struct reply   first;           /* its first reply, for the planner */
    struct tool_result *results;    /* of its calls so far, for the planner */
    size_t         n_results;
    size_t         own;             /* its messages begin there */
    struct history_shown shown;     /* before them */
    str            notes, notes_taint;      /* what stands behind them (notes.h) */
    str            recalled, recalled_taint;    /* and before those, of the memory */
    bool           notes_read, recalled_read;
    uint64_t       refused_tokens;  /* the model found so many too long; 0: none yet */
    unsigned       times_refused;
    bool           compacted;       /* a summary was made, or tried */
    bool           without_images, without_history;     /* what a model refused to read */
    struct turn_call *calls;        /* of the latest reply */
    size_t         n_calls;
    unsigned       n_called;        /* calls of all replies */
    uint64_t       started_ms;
    struct loop_guard guard;
    bool           looped;
    str            last_call;       /* not empty: it is asked for its last answer */
};

enum err turn_run(struct turn *) AWAITS MUST_USE;
/* A turn whose only step is one call, chosen by a command and not by a model.  *ret_result is the tool's, unless it waits. */
enum err turn_run_tool(struct turn *, str tool, const json_t *arguments, struct tool_result *ret_result) AWAITS MUST_USE;

/* What its prompt would consist of, without asking anybody; for a message that is not a part of the conversation. */
struct context_use;         /* turn_fit.h */
enum err turn_context(struct turn *, struct context_use *out) AWAITS MUST_USE;

/* The rows that end the turn; may be called again for another batch when the first could not be stored. */
void     turn_add_ending(const struct turn *, struct batch *);
/* They were stored: the next turn of the session need not read them. */
void     turn_ended(const struct turn *);
