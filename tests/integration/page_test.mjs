// SPDX-License-Identifier: Apache-2.0
// The chat page in a real browser: Debian's Chromium, driven by playwright-core.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Gateway, check, equal, finish, startModel, test } from './gateway.mjs';

const { chromium } = createRequire(new URL('../npm/', import.meta.url))('playwright-core');
const model = await startModel('--deltas', '20', '--delta-interval-ms', '40', '--obey');
const g = await new Gateway({ 'model_provider.endpoint': model, 'model_provider.model': 'double' }).start();
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox',
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync'] });
const context = await browser.newContext({ viewport: { width: 900, height: 600 } });
const page = await context.newPage();
const errors = [];
page.on('pageerror', e => errors.push(e.message));
page.on('console', m => { if (m.type() === 'error' && !m.text().includes('WebSocket')) errors.push(m.text()); });
page.setDefaultTimeout(10000);

const connected = () => page.waitForFunction(() => document.getElementById('state').textContent === 'connected');
const replies = n => page.waitForFunction(want => document.querySelectorAll('.message:not(.mine):not(.live)').length === want, n);

await test('a browser that is not known is told how to get in', async () => {
  await page.goto(g.url);
  check((await page.textContent('main')).includes('clawdbot login'), 'the page says how');
  equal(await page.locator('#input').count(), 0);
});

await test('the login link leads to the chat, and an answer is shown while it is written', async () => {
  await page.goto(g.cli('login').trim());
  await page.waitForSelector('#input');
  await connected();
  check(await page.evaluate(() => document.activeElement.id === 'input'), 'one can type at once');
  await page.keyboard.type('你好, world');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.message.live');
  await replies(1);
  check((await page.textContent('.message:not(.mine)')).startsWith('echo: 你好, world'), 'the answer');
  equal(await page.locator('.live').count(), 0);
});

await test('Markdown is rendered, and what would be markup of the page is text', async () => {
  await page.fill('#input', '**bold** <img src=x onerror="document.title=\'owned\'"> [x](javascript:alert(1)) `code`');
  await page.keyboard.press('Enter');
  await replies(2);
  const last = page.locator('.message:not(.mine)').last();
  equal(await last.locator('strong').textContent(), 'bold');
  equal(await last.locator('code').textContent(), 'code');
  equal(await last.locator('img').count(), 0);
  equal(await last.locator('a[href^="javascript"]').count(), 0);
  equal(await page.title(), 'Clawdbot');
});

await test('a conversation is there again after a reload, and another can be begun beside it', async () => {
  await page.reload();
  await connected();
  await replies(2);
  equal(await page.locator('.message.mine').count(), 2);
  await page.click('#new');
  await connected();
  equal(await page.locator('.message').count(), 0);
  await page.keyboard.type('second conversation');
  await page.keyboard.press('Enter');
  await replies(1);
  await page.waitForFunction(() => document.querySelectorAll('#list button').length === 2);
  await page.locator('#list button').last().click();
  await replies(2);
});

await test('Escape stops an answer', async () => {
  await page.fill('#input', 'a long one');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.message.live');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => [...document.querySelectorAll('.message.failed')].some(e => e.textContent.trim() === 'Stopped.'));
});

await test('what has to be allowed first is asked in the page, there again after a reload, and runs once', async () => {
  const file = join(g.home, 'workspace', 'old.txt');
  const question = () => page.locator('.message.question').last();
  const press = label => question().getByRole('button', { name: label, exact: true }).click();
  const ask = async () => {
    writeFileSync(file, 'old');
    await page.fill('#input', 'call exec {"command": "rm old.txt"}');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.message.question .choices');
  };
  await page.click('#new');
  await connected();
  await ask();
  check((await question().textContent()).includes('rm old.txt'), 'it shows what would run');
  equal(await question().locator('button').allTextContents(), ['Yes, once', 'Yes, this conversation', 'Always', 'No']);
  await page.reload();
  await page.waitForSelector('.message.question .choices');
  equal(await page.locator('.message.question').count(), 1);
  check(existsSync(file), 'nothing ran before the answer');
  await press('Yes, once');
  await replies(2);        // the question is one of them, by its look
  check(!existsSync(file), 'it ran');
  equal(await page.locator('.choices').count(), 0);

  await ask();
  await press('No');
  await replies(4);
  check(existsSync(file), 'no is no');

  await ask();
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => [...document.querySelectorAll('.note')].at(-1)?.textContent.endsWith('cancelled'));
  await page.waitForFunction(() => document.querySelectorAll('.choices').length === 0);
  check(existsSync(file), 'what was taken back did not run');
  await page.waitForSelector('#stop', { state: 'hidden' });
});

await test('what is written while the gateway is away is answered when it is back, once', async () => {
  g.sets['server.port'] = Number(new URL(g.url).port);
  await g.stop();
  await page.waitForFunction(() => document.getElementById('state').classList.contains('bad'));
  await page.fill('#input', 'are you there?');
  await page.keyboard.press('Enter');
  await g.start();
  await connected();
  await page.waitForFunction(() => [...document.querySelectorAll('.message:not(.live)')].filter(e => e.textContent.includes('echo: are you there?')).length === 1);
});

await test('it fits a phone, light and dark', async () => {
  await page.setViewportSize({ width: 360, height: 640 });
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out');
  }
  equal(await page.locator('#list').isVisible(), false);
  await page.click('#menu');
  equal(await page.locator('#list').isVisible(), true);
  equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(22, 24, 28)');
});

await test('nothing went wrong in the page', async () => equal(errors, []));

await browser.close();
await finish(g);
