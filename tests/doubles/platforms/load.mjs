// SPDX-License-Identifier: Apache-2.0
// load.mjs: many messages of people, each timed from its sending until the platform has taken the bot's answer.
//
// POST /control/load   { with (a control that makes a message), body (of that; @@ in it becomes a number that is odd, @p that of the
//                        person), people (from FIRST_PERSON on), flight (how many are unanswered at a time), seconds or count }
//                      -> { answered (within the seconds), times (ms, of each), lost (not answered even PATIENCE later) }
// An answer is a request with the number's successor in its body.
import { sleep } from './double.mjs';

const FIRST = 3000001, FIRST_PERSON = 11, PATIENCE = 20000;
let next = FIRST;

export async function load(double, { with: name, body, people = 1, flight, seconds = Infinity, count = Infinity }) {
  const text = JSON.stringify(body), waiting = new Map(), times = [], start = performance.now(), end = start + seconds * 1000;
  let sent = 0, answered = 0;

  double.taken = entry => {
    for (const [digits] of JSON.stringify(entry.body ?? '').matchAll(/\b\d{7}\b/g))
      waiting.get(Number(digits) - 1)?.();
  };
  async function message(who) {
    const number = next, began = performance.now();
    next += 2;
    const answer = new Promise(resolve => { waiting.set(number, resolve); });
    const going = Promise.resolve(double.control[name](JSON.parse(text.replaceAll('@@', number).replaceAll('@p', who))));
    going.catch(error => console.error(error));
    await answer;
    const now = performance.now();
    waiting.delete(number);
    times.push(now - began);
    answered += now <= end;
    await going;
  }
  async function talk(k) {
    while (performance.now() < end && sent < count) {
      sent++;
      await message(FIRST_PERSON + k % people);
    }
  }
  const all = Promise.all(Array.from({ length: flight }, (_, k) => talk(k)));
  await Promise.race([all, sleep((seconds === Infinity ? 0 : seconds * 1000) + PATIENCE)]);
  double.taken = undefined;
  return { answered, times, lost: waiting.size };
}
