#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Budgets, through the real gateway: nobody overspends side by side, a kill between reserving and settling leaves what was reserved
spent, a cheaper model takes over, and everybody is told.

  money_test.py BUILD"""
import json
import sys
import threading
import uuid

import harness as h

FACTS = '{paid/*: {input: 10, output: 20, currency: USD, max_output: 100}}'


class World(h.World):
    """With a model that costs something, and the same server once more for nothing."""
    def __init__(self, limits, *model, main='[paid/double]', **settings):
        super().__init__(model=('--delay-ms', '3', *model), **{'models.main': main, 'models.facts': FACTS, 'budgets.limits': limits, **settings})
        at = f'endpoint: http://127.0.0.1:{self.model.port}/v1, api_key: none'
        self.gateway.settings['models.providers'] = f'{{paid: {{{at}}}, free: {{{at}}}}}'
        del self.gateway.settings['model_provider.endpoint']

    def say(self, text, session=None, mode='wait'):
        connection = h.Unix(self.gateway.socket)
        try:
            return h.call(connection, 'POST', f'/api/v1/messages?mode={mode}', {'content': {'text': text}, 'session_id': session or str(uuid.uuid4())})
        finally:
            connection.close()

    def usage(self, query=''):
        status, answer = self.gateway.ask('/api/v1/admin/usage' + query)
        assert status == 200, answer
        return answer


def words(answer):
    return json.dumps(answer, ensure_ascii=False)


def side_by_side():
    """twenty turns side by side spend no more than there is, and the refused are told"""
    with World('[{scope: global, per: month, tokens: 12000}]', '--deltas', '1000') as w:
        w.gateway.start()
        answers = []
        threads = [threading.Thread(target=lambda i=i: answers.append(w.say(f'hello {i}'))) for i in range(20)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(30)
        refused = [a for _, a in answers if 'leaves too little for another answer' in words(a) and 'It begins anew at' in words(a)]
        answered = [a for _, a in answers if 'echo: hello' in words(a)]
        assert len(refused) + len(answered) == 20 and refused and answered, answers[0]
        total, limit = w.usage()['total'], w.usage()['limits'][0]
        assert total['calls'] == len(answered) and total['input'] + total['output'] <= 12000, total
        assert limit['tokens'] == {'limit': 12000, 'spent': total['input'] + total['output'], 'reserved': 0}, limit
        assert total['cost'] == f'{len(answered) * (10 * 10 + 1000 * 20) / 1e6:.6f}'.rstrip('0'), total
        print(f'  {len(answered)} answered, {len(refused)} refused', flush=True)


def killed():
    """kill -9 between reserving and settling: what was reserved is spent"""
    with World('[{scope: user, per: day, money: 5.00}]', '--deltas', '8', '--delta-interval-ms', '100') as w:
        w.gateway.start()
        assert w.say('one-slow', mode='async')[0] == 202
        h.wait_until(lambda: w.gateway.sql('SELECT 1 FROM usage'), 10, 'a reservation that is stored')
        assert w.usage('?person=owner')['limits'][0]['money']['reserved'] != '0.00'
        w.gateway.kill()
        (state, cost), = w.gateway.sql('SELECT state, cost FROM usage')
        assert state == 'reserved' and cost >= 2000, (state, cost)
        w.gateway.start()
        h.wait_until(w.gateway.idle, 15, 'the answer')
        limit, = w.usage('?person=owner')['limits']
        total = w.usage()['total']
        assert (total['calls'], total['estimated']) == (2, 1), total
        assert limit['money'] == {'limit': '5.00', 'reserved': '0.00', 'spent': total['cost']}, (limit, total)
        assert float(total['cost']) > (cost + 100) / 1e6, (total, cost)
        w.gateway.stop()
        shown = w.gateway.cli('usage')      # without a gateway
        assert 'paid/double (1 estimated)' in shown and total['cost'] in shown, shown


def cheaper():
    """the next model is asked when the first may cost nothing any more, and everything that shows spending says so"""
    with World('[{scope: user, per: day, money: 0}]', main='[paid/double, free/double]') as w:
        w.gateway.start()
        status, answer = w.say('hello')
        assert status == 200 and 'echo: hello' in words(answer), answer
        assert [(r['what'], r['cost']) for r in w.usage()['rows']] == [('free/double', '0.00')], w.usage()
        said = words(w.say('/usage')[1])
        assert 'today: 1 calls, 10 tokens in, 1 out, 0.00 USD' in said and 'of yours: 0.00 / 0.00 USD' in said, said
        by_day = json.loads(w.gateway.cli('usage', '--by', 'day', '--json'))
        assert [r['calls'] for r in by_day['rows']] == [1], by_day
        assert 'limit: user' not in w.gateway.cli('usage') and 'free/double' in w.gateway.cli('usage', '--since', '1h')
        own = w.gateway.ask('/api/v1/usage')[1]
        assert own['today']['total']['calls'] == 1 and own['limits'][0]['scope'] == 'user', own
        status, metrics = w.gateway.ask('/metrics')
        assert 'clawdbot_budget_denied_total 1' in metrics and 'clawdbot_model_tokens_total{model="free/double"' in metrics, metrics


if __name__ == '__main__':
    sys.exit(h.run_tests(side_by_side, killed, cheaper))
