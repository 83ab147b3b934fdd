// SPDX-License-Identifier: Apache-2.0
/* gateway.h: what one running gateway consists of.  Made by start.c, handed to every part of this folder. */
#pragma once
#include "base/map.h"
#include "bus/bus.h"
#include "domain/channel.h"
#include "model/complete.h"
#include "runtime/fiber.h"
#include "store/store.h"

struct access;
struct config_report;
struct agents;
struct alerts;
struct blobs;
struct budgets;
struct dispatch;
struct histories;
struct knowledge;
struct knowledge_lender;
struct limits;
struct memory;
struct models;
struct rule_host;
struct secrets;
struct sessions;
struct timers;

struct gateway {
    struct store    *store;
    struct memory   *memory;        /* memory/memory.h: what the assistant remembers */
    struct knowledge *knowledge;    /* memory/knowledge.h: collections of documents */
    struct knowledge_lender *lender;        /* knowledge_host.h: what they are lent */
    struct store    *memory_store;  /* what is remembered: a database of its own (memory_service.h) */
    struct bus      *bus;
    struct blobs    *blobs;         /* attachments */
    struct secrets  *secrets;       /* store/secrets.h: values that nobody reads */
    struct alerts   *alerts;        /* alerts.h: what fails again and again */
    struct access   *access;        /* access.h: who may talk to it */
    struct agents   *agents;        /* agents.h: the assistants there are; NULL: only the one of the main settings */
    struct dispatch *dispatch;      /* dispatch.h: session queues */
    struct limits   *limits;        /* limits.h: requests a minute */
    struct models   *models;        /* models.h: which model answers */
    struct budgets  *budgets;       /* model/budget.h: what models may cost; given to whoever asks one */
    struct histories *histories;    /* agent/history.h: conversations of late */
    struct rule_host *rules;        /* rule_host.h: the owner's rules; NULL: none can be had (in tests) */
    struct sessions *sessions;      /* sessions.h: what conversations are */
    struct timers   *timers;        /* flow/timers.h: reminders, and whatever else happens at its time */
    struct fibers    services;      /* everything that runs until the gateway stops; independent */
    const char      *home, *workspace;
    const char      *version;
    int64_t          question_ends; /* approvals.h: when an open question's time is over at the earliest; 0: none is open */
    uint64_t         started_ms;    /* clock_ms() */
    /* Reads the settings anew; the report is the caller's, done or not.  ERR_INPUT: they are kept as they were. */
    enum err       (*reload)(struct gateway *, struct config_report *) /* AWAITS */;
    bool             ready;         /* everything is up: /ready says 200 */
    bool             stopping;      /* no new turns; /ready says 503 */
    bool             closing;       /* no more news: whoever waits for a reply is sent away */
    const char      *url;           /* of the web page, without a token */
};
