# SPDX-License-Identifier: Apache-2.0
"""Twelve platforms' doubles and one gateway: what twelve_test.py proves with and bench/channels.py measures with."""
import importlib
import shutil
import tempfile

import world
from world import WAIT, Gateway, Platform, wait_until

CALM = [('slack', 'Slack'), ('webhook', 'Webhook'), ('wecom', 'WeCom'), ('google_chat', 'GoogleChat'), ('teams', 'Teams'), ('feishu', 'Feishu')]
STORMY = [('discord', 'Discord'), ('whatsapp', 'WhatsApp'), ('matrix', 'Matrix'), ('dingtalk', 'DingTalk'), ('qq', 'QQ'), ('mattermost', 'Mattermost')]
SETTINGS = {'delivery.limits': 'false', 'delivery.backoff': '50ms', 'delivery.backoff_max': '500ms', 'delivery.attempts': 1000, 'log.level': 'warn',
            'server.rate_limit.per_token': 0, 'server.rate_limit.per_address': 0, 'server.port': 0}


def platform_class(module, name):
    """The class of that platform's own tests, which do not run for this."""
    world.run = lambda tests: None
    return getattr(importlib.import_module(f'{module}_test'), name)


class Twelve:
    """A with-statement's: the doubles, the gateway with the settings of all."""
    def __init__(self, folder=None, **settings):
        self.home = tempfile.mkdtemp(prefix='clawdbot-twelve-', dir=folder)
        self.gateway = Gateway(self.home, {**SETTINGS, **settings})
        self.calm = [self.make(*p) for p in CALM]
        self.stormy = [self.make(*p) for p in STORMY]
        self.channels = self.calm + self.stormy

    def make(self, module, name):
        kind = platform_class(module, name)
        channel = kind.__new__(kind)         # not its __init__(): the gateway is everybody's
        channel.home, channel.gateway, channel.platform = self.home, self.gateway, Platform(channel.name)
        self.gateway.settings = {**channel.settings(), **self.gateway.settings}
        return channel

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.process.kill()
            self.gateway.process.wait()
            self.gateway.process.stdout.close()
        for channel in self.channels:
            channel.platform.close()
        for folder in (self.home, self.gateway.logs):
            shutil.rmtree(folder, ignore_errors=True)

    def start(self):
        self.gateway.start()
        for channel in self.channels:
            wait_until(channel.connected, WAIT, channel.name)
            channel.pair()
