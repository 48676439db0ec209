// Checks a report page in Chromium: node check.mjs WHAT PAGE [CHROMIUM]
//
//   attacks   opens every row of the sample browser: no text from outside may run, become an element,
//             reach the network or move the page
//   axe       accessibility rules of axe-core: light and dark, wide and narrow, dialog open
//   keys      everything that a mouse can do, with the keyboard alone
//   speed     first paint, load, frames while scrolling, as one line of JSON
//
// Exit code 0: all right; 1: what is wrong is on standard error; 77: playwright-core or axe-core is
// not installed (npm ci in this folder).
import {createRequire} from 'node:module';
import {existsSync, readFileSync, statSync} from 'node:fs';
import {pathToFileURL} from 'node:url';

const [what, page, chromium = '/usr/bin/chromium'] = process.argv.slice(2);
const require = createRequire(import.meta.url);
let playwright, axeSource;
try {
  playwright = require('playwright-core');
  axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
} catch {
  console.error('playwright-core or axe-core is not installed: npm ci in tests/browser');
  process.exit(77);
}
if (!existsSync(chromium)) {
  console.error('no chromium at ' + chromium);
  process.exit(77);
}
const problems = [];
const check = (right, words) => { if (!right) problems.push(words); };

const browser = await playwright.chromium.launch({
  executablePath: chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic'],
});
const requests = [];
async function load(options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 1000}, ...options});
  const tab = await context.newPage();
  tab.on('request', (request) => { if (!/^(file|data):/.test(request.url())) requests.push(request.url()); });
  tab.on('dialog', (dialog) => { problems.push('a dialog opened: ' + dialog.message()); dialog.dismiss(); });
  tab.on('pageerror', (error) => problems.push('an error in the script: ' + error.message));
  await tab.goto(pathToFileURL(page).href);
  await tab.waitForSelector('html[data-ready="true"]', {timeout: 60000});
  return tab;
}

async function attacks() {
  const tab = await load();
  const before = tab.url();
  const rows = await tab.evaluate(() => Number(document.querySelector('#list .row').getAttribute('aria-setsize')));
  await tab.focus('#list');
  await tab.keyboard.press('Home');
  await tab.keyboard.press('Enter');
  for (let row = 0; row < rows; ++row) {
    await tab.keyboard.press('ArrowDown');
  }
  await tab.keyboard.press('Escape');
  for (const details of await tab.$$('details')) await details.evaluate((element) => { element.open = true; });
  const state = await tab.evaluate(() => ({
    pwned: document.documentElement.dataset.pwned ?? null,
    injected: document.querySelectorAll('#injected').length,
    odd: [...document.querySelectorAll('iframe,object,embed,form,base,link,math,svg foreignObject,svg script,a[href]:not([href^="#"])')]
      .map((element) => element.outerHTML.slice(0, 100)),
    handlers: [...document.querySelectorAll('*')].flatMap((element) => [...element.attributes])
      .filter((attribute) => /^on/i.test(attribute.name)).map((attribute) => attribute.name),
    scripts: document.querySelectorAll('script').length,
    pictures: [...document.querySelectorAll('img')].map((image) => image.src).filter((src) => !src.startsWith('data:image/jpeg')),
    prototype: Object.keys(Object.prototype),
  }));
  check(state.pwned === null, 'text from outside ran: ' + state.pwned);
  check(state.injected === 0, state.injected + ' injected elements');
  check(state.odd.length === 0, 'elements that the page does not have: ' + state.odd.join(' '));
  check(state.handlers.length === 0, 'handlers in attributes: ' + state.handlers.join(' '));
  check(state.scripts === 3, state.scripts + ' script elements instead of 3');
  check(state.pictures.length === 0, 'pictures from elsewhere: ' + state.pictures.join(' '));
  check(state.prototype.length === 0, 'Object.prototype has ' + state.prototype.join(' '));
  check(tab.url() === before, 'the page went to ' + tab.url());
  check(rows > 0, 'no rows');
  console.log(rows + ' rows opened');
}

async function axe() {
  let rules = 0;
  for (const [colorScheme, width] of [['light', 1280], ['dark', 420]]) {
    const tab = await load({colorScheme, viewport: {width, height: 1000}});
    for (const state of ['all open', 'dialog']) {
      if (state === 'all open') {
        await tab.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true; });
      } else {
        await tab.focus('#list');
        await tab.keyboard.press('Home');
        await tab.keyboard.press('Enter');
      }
      await tab.evaluate(axeSource);
      const result = await tab.evaluate(() => window.axe.run(document, {resultTypes: ['violations']}));
      rules += result.passes.length;
      for (const violation of result.violations) {
        const where = violation.nodes.slice(0, 3).map((node) => node.target.join(' ') + ' ' + (node.any[0]?.message ?? '')).join(' | ');
        problems.push([colorScheme, width, state, violation.id, violation.help, violation.nodes.length + ' places', where].join('; '));
      }
    }
    await tab.context().close();
  }
  console.log(rules + ' rules passed');
}

async function keys() {
  const tab = await load();
  const shown = () => tab.textContent('#shown');
  const chosen = () => tab.evaluate(() => document.querySelector('#list [aria-selected="true"]')?.id ?? '');
  const focus = () => tab.evaluate(() => document.activeElement.id || document.activeElement.tagName);
  // Tab reaches every control, then the list.
  const reached = new Set();
  for (let step = 0; step < 200 && !reached.has('list'); ++step) {
    await tab.keyboard.press('Tab');
    reached.add(await tab.evaluate(() => document.activeElement.dataset.filter ?? document.activeElement.id));
  }
  for (const name of ['all', 'wrong', 'order', 'search', 'list']) check(reached.has(name), 'Tab never reaches ' + name);
  await tab.keyboard.press('j');
  check(await chosen() === 'row-0', 'j does not choose the first row: ' + await chosen());
  await tab.keyboard.press('ArrowDown');
  await tab.keyboard.press('j');
  await tab.keyboard.press('k');
  check(await chosen() === 'row-1', 'arrow and k do not move: ' + await chosen());
  await tab.keyboard.press('Enter');
  check(await tab.evaluate(() => document.getElementById('sheet').open), 'Enter does not open');
  const first = await tab.textContent('#where');
  await tab.keyboard.press('j');
  check(await tab.textContent('#where') !== first, 'j does not go on in the dialog');
  await tab.keyboard.press('Escape');
  check(await focus() === 'list', 'Escape does not go back to the list: ' + await focus());
  await tab.keyboard.press('End');
  const last = await tab.evaluate(() => Number(document.querySelector('#list .row').getAttribute('aria-setsize')) - 1);
  check(await chosen() === 'row-' + last, 'End does not choose the last row: ' + await chosen());
  await tab.keyboard.press('/');
  check(await focus() === 'search', '/ does not go to the search');
  await tab.keyboard.type('adversarial/');
  await tab.waitForFunction((before) => document.getElementById('shown').textContent !== before, await shown(), {timeout: 5000}).catch(() => {});
  const found = await shown();
  check(/^[1-9]/.test(found), 'the search finds nothing: ' + found);
  await tab.keyboard.press('Escape');
  for (const filter of ['regressed', 'improved', 'wrong']) {
    const button = await tab.$('[data-filter="' + filter + '"]:not(:disabled)');
    if (!button) continue;
    await button.focus();
    await tab.keyboard.press('Space');
    check(await button.getAttribute('aria-pressed') === 'true', filter + ' cannot be pressed with the keyboard');
    const number = await button.$eval('.number', (element) => element.textContent);
    check(number !== '' && number !== '0', filter + ' says ' + number);
  }
  console.log('keys tried');
}

async function speed() {
  const out = {bytes: statSync(page).size};
  const tab = await load();
  out.first_paint_ms = await tab.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1));
  out.script_done_ms = await tab.evaluate(() => Math.round(performance.now()));
  out.load_ms = await tab.evaluate(() => Math.round(performance.timing.loadEventEnd - performance.timing.navigationStart));
  out.rows = await tab.evaluate(() => Number(document.querySelector('#list .row').getAttribute('aria-setsize')));
  await tab.evaluate(() => document.getElementById('list').scrollIntoView());
  // Time of the main thread alone: what a busy machine does not change.
  const session = await tab.context().newCDPSession(tab);
  await session.send('Performance.enable', {timeDomain: 'threadTicks'});
  const spent = async () => {
    const {metrics} = await session.send('Performance.getMetrics');
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    return 1000 * (of('ScriptDuration') + of('LayoutDuration') + of('RecalcStyleDuration'));
  };
  const before = await spent();
  // Three seconds of scrolling at 4,000 pixels a second, then jumps over the whole list.
  Object.assign(out, await tab.evaluate(async () => {
    const list = document.getElementById('list');
    const frames = [];
    let last = performance.now();
    const start = last;
    while (last - start < 3000) {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      frames.push(now - last);
      list.scrollTop += 4 * (now - last);
      last = now;
    }
    const sorted = frames.slice(1).sort((a, b) => a - b);
    const jumps = [];
    for (let i = 0; i < 40; ++i) {
      const before = performance.now();
      list.scrollTop = (i * 7919 % 40) / 40 * list.scrollHeight;
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
      jumps.push(performance.now() - before);
    }
    jumps.sort((a, b) => a - b);
    return {
      frames: sorted.length,
      frames_per_s: Math.round(1000 * sorted.length / sorted.reduce((a, b) => a + b, 0)),
      worst_frame_ms: Math.round(sorted.at(-1)),
      frame_p99_ms: Math.round(sorted[Math.floor(sorted.length * 0.99)]),
      jump_median_ms: Math.round(jumps[20]),
    };
  }));
  out.main_thread_ms_per_frame = Math.round((await spent() - before) / (out.frames + 80) * 100) / 100;
  out.filter_ms = await tab.evaluate(async () => {
    const button = document.querySelector('[data-filter="regressed"]:not(:disabled)') ?? document.querySelector('[data-filter="wrong"]');
    const before = performance.now();
    button.click();
    await new Promise(requestAnimationFrame);
    return Math.round(performance.now() - before);
  });
  out.heap_mb = await tab.evaluate(() => Math.round((performance.memory?.usedJSHeapSize ?? 0) / 1e6));
  console.log(JSON.stringify(out));
}

const known = {attacks, axe, keys, speed};
if (!known[what] || !page) {
  console.error('usage: node check.mjs ' + Object.keys(known).join('|') + ' PAGE [CHROMIUM]');
  process.exit(2);
}
try {
  await known[what]();
} catch (error) {
  problems.push(error.message);
}
check(requests.length === 0, 'the page asked the network for ' + requests.join(' '));
await browser.close();
for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);
