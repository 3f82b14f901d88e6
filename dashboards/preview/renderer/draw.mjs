/**
 * Draws dashboards with a headless Chromium: reads from its input what to draw, as JSON, and
 * writes what became of it, in the same order.
 */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { json } from 'node:stream/consumers';

import { chromium } from 'playwright-core';

// Nothing listens there: every request to it is answered from a file.
const ORIGIN = 'http://preview.localhost';
const PAGES_AT_ONCE = 3;
const UNICONS = '/public/build/img/icons/unicons/';
const FILES = {
  '/public/build/img/': 'node_modules/@grafana/ui/dist/public/img/',
  '/public/fonts/inter/Inter-Italic.':
    'node_modules/@fontsource/inter/files/inter-latin-400-italic.',
  '/public/fonts/inter/Inter-Medium.':
    'node_modules/@fontsource/inter/files/inter-latin-500-normal.',
  '/public/fonts/inter/Inter-Regular.':
    'node_modules/@fontsource/inter/files/inter-latin-400-normal.',
  '/': 'dist/',
};
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.svg': 'image/svg+xml' };
const FLAGS = ['--disable-background-networking', '--disable-component-update', '--disable-gpu'];

const { icons } = JSON.parse(await content('node_modules/@iconify-json/uil/icons.json'));

function content(path) {
  return readFile(new URL(path, import.meta.url));
}

async function found(path) {
  if (path.startsWith(UNICONS)) {
    const { body } = icons[basename(path, '.svg')];
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${body}</svg>`;
  }
  const [prefix, folder] = Object.entries(FILES).find(([start]) => path.startsWith(start));
  return content(folder + path.slice(prefix.length));
}

async function serve(route) {
  const { pathname } = new URL(route.request().url());
  const path = pathname === '/' ? '/index.html' : pathname;
  try {
    await route.fulfill({ body: await found(path), contentType: TYPES[extname(path)] });
  } catch {
    await route.fulfill({ status: 404 });
  }
}

// Chromium itself does not let a page ask another port of this machine.
function forward(route, prometheus) {
  const { pathname, search } = new URL(route.request().url());
  return route
    .fetch({ url: prometheus + pathname.slice('/prometheus'.length) + search })
    .then((response) => route.fulfill({ response }));
}

// A query that failed tells more by itself.
function isFailure(message) {
  return message.type() === 'error' && !message.text().startsWith('Failed to load resource');
}

// A table out of sight stays unpainted.
async function fit(page, width) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height });
  await page.waitForTimeout(500);
}

async function drawOne(browser, width, { output, prometheus, ...drawing }) {
  const page = await browser.newPage({ viewport: { width, height: 1200 }, timezoneId: 'UTC' });
  const failures = [];
  page.on('pageerror', (error) => failures.push(String(error)));
  page.on('console', (message) => isFailure(message) && failures.push(message.text()));
  await page.route(`${ORIGIN}/**`, serve);
  await page.route(`${ORIGIN}/prometheus/**`, (route) => forward(route, prometheus));
  await page.goto(ORIGIN);
  const dashboard = JSON.parse(await readFile(drawing.dashboard, 'utf8'));
  const report = await page.evaluate((all) => window.preview.draw(all), { ...drawing, dashboard });
  await fit(page, width);
  await page.screenshot({ path: output });
  await page.close();
  return { ...report, errors: [...report.errors, ...failures] };
}

const { browser: executablePath, drawings, sandbox, width } = await json(process.stdin);
const browser = await chromium.launch({ executablePath, chromiumSandbox: sandbox, args: FLAGS });
const reports = [];
const queue = drawings.entries();

async function drawRest() {
  for (const [index, drawing] of queue) {
    reports[index] = await drawOne(browser, width, drawing);
  }
}

try {
  await Promise.all(Array.from({ length: PAGES_AT_ONCE }, drawRest));
} finally {
  await browser.close();
}
console.log(JSON.stringify(reports));
