// SPDX-License-Identifier: Apache-2.0
/* knowledge_host.h: the collections of knowledge as a part of the running gateway: what they are lent (the web, the sandbox for PDFs,
 * whose words a file holds), what they may read, and which workspaces there are. */
#pragma once
#include "document/document.h"
#include "gateway/gateway.h"

/* When memory and agents are there.  Collections are watched, and what was not finished goes on. */
enum err knowledge_start(struct gateway *) AWAITS MUST_USE;
/* After a reload: agents, and with them workspaces, may be others. */
enum err knowledge_configure(struct gateway *) AWAITS MUST_USE;
void     knowledge_stop(struct gateway *) AWAITS;
/* A workspace's path without links; NULL: it is none of those there are. */
const char *knowledge_real_workspace(const struct gateway *, const char *workspace);

/* knowledge_convert.c: document_host.convert, arg is a struct gateway: the program runs in the sandbox, without network, within
 * knowledge.pdf_time and knowledge.pdf_memory, and sees nothing but its input. */
enum err knowledge_convert(void *gateway, struct document_conversion *) AWAITS MUST_USE;
/* What a gateway that was killed in the middle of a conversion has left. */
enum err knowledge_convert_clean(struct gateway *) AWAITS MUST_USE;
