// SPDX-License-Identifier: Apache-2.0
/* imap_parse.h: one response of an IMAP server (RFC 3501 section 7) taken apart, no I/O.  Strict: what is no response is
 * ERR_REMOTE and not guessed at, for the connection is out of step then.  Texts point into `response` or the arena. */
#pragma once
#include "base/arena.h"

enum { IMAP_DEPTH_MAX = 16, IMAP_VALUES_MAX = 200000 };

enum imap_kind { IMAP_NIL, IMAP_ATOM, IMAP_STRING, IMAP_LIST };
struct imap_value {
    enum imap_kind kind;
    str text;                           /* of an atom or string; "BODY[]<0>" is one atom */
    struct imap_value *first, *next;    /* first: of a list */
};

enum imap_type { IMAP_UNTAGGED, IMAP_TAGGED, IMAP_CONTINUE };
struct imap_response {
    enum imap_type type;
    str      tag;               /* of a tagged one */
    str      name;              /* OK, NO, BAD, BYE, PREAUTH, FETCH, SEARCH, EXISTS, ... as the server wrote it */
    bool     has_number;
    uint32_t number;            /* of "* 12 EXISTS" */
    str      code, code_value;  /* of "OK [UIDVALIDITY 7] fine": UIDVALIDITY, 7; "" */
    str      text;              /* of OK, NO, BAD, BYE, PREAUTH and of a continuation: for people (or a challenge) */
    const struct imap_value *values;    /* of all else */
};

/* response: the line without its last CRLF, with the counted bytes that it announces in their places. */
enum err imap_parse(struct arena *, str response, struct imap_response *out) MUST_USE;
/* Does the line end by announcing bytes, "{310}"? */
bool     imap_announces(str line, uint64_t *ret_n);
bool     imap_is(const struct imap_response *, const char *name);
/* Of a list "UID 7 RFC822.SIZE 44": what stands behind the atom; NULL. */
const struct imap_value *imap_behind(const struct imap_value *first, const char *name);
