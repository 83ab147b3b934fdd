#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/data/relevance must stay what recall is measured by: complete, varied, each question about one memory that is there."""
import collections
import json
import os
import re
import unittest

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'data', 'relevance')
KINDS = {'fact', 'preference', 'decision', 'person', 'project', 'task'}
SHARES = {'plain': (.30, .40), 'paraphrase': (.20, .30), 'inflected': (.15, .25), 'typo': (.07, .13),
          'short': (.03, .07), 'cross': (.03, .07)}


def read(name):
    with open(os.path.join(DATA, name + '.jsonl'), encoding='utf-8') as f:
        return [json.loads(line) for line in f]


def han(text):
    return len(re.findall('[\u3400-\u9fff]', text))


def language(text):
    latin = len(re.findall('[A-Za-z]{2,}', text))
    if latin > han(text):
        return 'en'
    return 'mixed' if latin else 'zh'


def length(text):
    """Words; in Chinese a character is one, as is a run of Latin letters or digits."""
    return han(text) + len(re.findall(r"[^\s\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+", text))


def repeated(values):
    return [value for value, n in collections.Counter(values).items() if n > 1]


MEMORIES, DISTRACTORS, QUESTIONS = read('memories'), read('distractors'), read('questions')
STORED = MEMORIES + DISTRACTORS
BY_ID = {m['id']: m for m in MEMORIES}


class Relevance(unittest.TestCase):
    def test_every_line_has_its_fields_and_no_other(self):
        for items, fields, letter in ((MEMORIES, 'id lang kind text', 'm'), (DISTRACTORS, 'id lang kind text', 'd'),
                                      (QUESTIONS, 'id memory lang how text', 'q')):
            for item in items:
                self.assertEqual(set(item) - {'closest'} if letter == 'd' else set(item), set(fields.split()), item)
                self.assertRegex(item['id'], '^' + letter + r'\d{3,4}$')
                self.assertEqual(item['text'], item['text'].strip())
                self.assertEqual(item['lang'], language(item['text']), item)
                self.assertIn(item.get('kind', 'fact'), KINDS, item)

    def test_ids_and_texts_are_there_once(self):
        self.assertEqual(repeated(item['id'] for item in STORED + QUESTIONS), [])
        self.assertEqual(repeated(re.sub(r'\W', '', item['text'].lower()) for item in STORED + QUESTIONS), [])

    def test_what_is_named_exists(self):
        for item in QUESTIONS + DISTRACTORS:
            self.assertIn(item.get('memory') or item.get('closest', 'm001'), BY_ID, item)

    def test_there_is_enough_of_everything(self):
        self.assertGreaterEqual(len(MEMORIES), 320)
        self.assertGreaterEqual(len(DISTRACTORS), 500)
        self.assertGreaterEqual(sum('closest' in d for d in DISTRACTORS), 300)
        self.assertEqual(set(BY_ID) - {d.get('closest') for d in DISTRACTORS}, set(), 'truths without a near miss')
        asked = collections.Counter(q['memory'] for q in QUESTIONS)
        self.assertEqual([i for i in BY_ID if asked[i] < 2], [], 'truths asked for less than twice')
        kinds = collections.Counter(m['kind'] for m in MEMORIES)
        self.assertEqual([k for k in KINDS if kinds[k] < 25], [], 'rare kinds')

    def test_languages_and_wordings_are_mixed_as_promised(self):
        languages = collections.Counter(m['lang'] for m in MEMORIES)
        for lang, low, high in (('en', .45, .55), ('zh', .35, .45), ('mixed', .08, .15)):
            self.assertTrue(low <= languages[lang] / len(MEMORIES) <= high, languages)
        wordings = collections.Counter(q['how'] for q in QUESTIONS)
        self.assertEqual(set(wordings), set(SHARES))
        for how, (low, high) in SHARES.items():
            self.assertTrue(low <= wordings[how] / len(QUESTIONS) <= high, wordings)

    def test_only_a_cross_question_changes_the_language(self):
        for q in QUESTIONS:
            changes = (q['lang'] == 'en') != (BY_ID[q['memory']]['lang'] == 'en')
            self.assertEqual(changes, q['how'] == 'cross', q)

    def test_texts_are_as_long_as_people_make_them(self):
        for item in STORED:
            low, high = (5, 40) if item['lang'] == 'en' else (8, 60)
            self.assertTrue(low <= length(item['text']) <= high, item)
        for q in QUESTIONS:
            low, high = (5, 15) if q['lang'] == 'en' else (5, 25)
            if q['how'] == 'short':
                low, high = (1, 4) if q['lang'] == 'en' else (2, 9)
            self.assertTrue(low <= length(q['text']) <= high, q)

    def test_few_questions_share_a_frame(self):
        for in_english, frame in ((True, lambda t: ' '.join(t.lower().split()[:3])), (False, lambda t: t.rstrip('?')[-3:])):
            texts = [q['text'] for q in QUESTIONS if (q['lang'] == 'en') == in_english]
            commonest, n = collections.Counter(map(frame, texts)).most_common(1)[0]
            self.assertLessEqual(n / len(texts), .05, commonest)


if __name__ == '__main__':
    unittest.main()
