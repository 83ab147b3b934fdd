// SPDX-License-Identifier: Apache-2.0
/* bind.h: from tagged words and entities to the values of an intent's slots.
 *
 * A slot's type says what becomes of its words:
 *   text, name, person, command, expression, process    the words as they were written, without quotation marks
 *   path        the file's path; relative ones are the project's where there is one
 *   glob        a pattern of names: of a kind of file ("python") that kind's, of a part of a name *part*
 *   host, service, language, mode                       the name it goes by
 *   number, port, size                                  a number (size: bytes)
 *   quantity    {number, unit};  unit: the unit's name
 *   time        {at, rule?}      at: RFC 3339;  rule: domain/recurrence.h
 *   duration    {text, seconds}
 *   date        {date}           2026-11-27
 *   period      {from, until, local, minutes}     local: "2026-11-21 08:00:00" in the context's zone;  minutes: from then to now
 *   place       {name, zone}
 *   url         the address
 *
 * Where a name, an amount or a time was found, it is the value, whatever was tagged of it; words that only tie a value to the sentence
 * ("since", "the … folder") are no part of it. */
#pragma once
#include "nlu/understand.h"

/* Fills in slots, n_slots and missing of an understanding whose intent, normal, entities and classified are there. */
void bind_slots(struct arena *, const struct nlu_context *, struct understanding *);
/* The value of a slot that was asked for, from an answer that is the value alone or holds it.  NULL: it does not. */
json_t *bind_answer(struct arena *, const struct nlu_context *, const struct slot *, str answer, str *ret_text);
/* Is everything that the text names a part of some slot?  What is left over (a time, a host, a path) asks for more than the intent does. */
bool bind_is_complete(const struct understanding *);
