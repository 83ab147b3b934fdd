// SPDX-License-Identifier: Apache-2.0
/* test_host.h: for tests: a host that runs pdftotext plainly, without a sandbox, and a document as one text. */
#pragma once
#include "document/document.h"

extern const struct document_host test_host;
extern const struct document_host test_host_without_programs;

/* Prepares the document in this fiber and reads it in a pool thread.  A section is a line "PLACE KIND HEADING|TEXT": "line 3 |x",
 * "row 2r|a: 1", "lines 4-6cA > B|code".  Asserts what document.h promises of every section. */
enum err test_read_document(struct document *, struct buf *out) AWAITS MUST_USE;
