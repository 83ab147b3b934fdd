// SPDX-License-Identifier: Apache-2.0
/* curl_loop.h: libcurl's multi interface driven by our loop, for the files here that speak through libcurl.  A
 * transfer is set up with curl_easy_setopt() between begin and start, and ends when libcurl or transfer_end() says so. */
#pragma once
#include <curl/curl.h>

#include "runtime/fiber.h"

struct transfer {
    CURL          *easy;
    struct waiters news;                    /* woken at the end, and by the owner's callbacks */
    bool           done;
    CURLcode       result;                  /* once done */
    char           text[CURL_ERROR_SIZE];   /* libcurl's words about it; maybe "" */
};

/* The options that all transfers share are set.  The struct must stay where it is. */
void transfer_begin(struct transfer *);
void transfer_start(struct transfer *);
void transfer_end(struct transfer *);       /* in the middle: the connection is cut.  {0} is fine */

/* Waits for news for at most ms (0: any time).  ERR_TIMEOUT with this text when that was too short: "WHERE: no WHAT
 * within 5 s"; a deadline of the fiber itself keeps its own. */
enum err transfer_wait(struct transfer *, uint64_t ms, const char *where, const char *what) AWAITS MUST_USE;
enum err transfer_outcome(const struct transfer *, const char *where) MUST_USE;   /* of a done one */

void transfers_stop(void);                  /* closes idle connections; none may be going on */
