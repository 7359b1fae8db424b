/** Browsers for the tests: installed ones, or on Debian as root the packages. Playwright and puppeteer bring none here. */
import { existsSync } from 'node:fs';
import { findProgram, installDebianPackage } from './program.mjs';
import { SetupError, say } from './progress.mjs';

const PROGRAMS = {
  chromium: {
    variable: 'EFIR_CHROMIUM',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
    places: [
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    ],
    debian: 'chromium',
  },
  firefox: {
    variable: 'EFIR_FIREFOX',
    names: ['firefox-esr', 'firefox'],
    places: ['/Applications/Firefox.app/Contents/MacOS/firefox', 'C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
    debian: 'firefox-esr',
  },
};

/** Path of a browser's program, or null. `EFIR_CHROMIUM` and `EFIR_FIREFOX` name one by hand. */
export function findBrowser(name, env = process.env, has = existsSync) {
  return findProgram(PROGRAMS[name], env, has);
}

/** Environment that names the browsers. Chromium has to be there; without Firefox its tests are skipped. */
export async function browsersForTests() {
  const env = {};
  for (const [name, { variable, debian }] of Object.entries(PROGRAMS)) {
    if (!findBrowser(name)) await installDebianPackage(debian, 'the browser tests');
    const path = findBrowser(name);
    if (path) env[variable] = path;
  }
  if (!env.EFIR_CHROMIUM) {
    throw new SetupError(
      'The browser tests need Chromium or Chrome: install one (Debian: `apt-get install chromium`), or name its program in EFIR_CHROMIUM; `npm test -- unit` goes without.',
    );
  }
  if (!env.EFIR_FIREFOX) say('Firefox is not here, so its tests are skipped (Debian: `apt-get install firefox-esr`)');
  return env;
}

/** Vitest's global set-up of the e2e project: a test run by hand finds the browsers as well. */
export default function setup() {
  for (const [name, { variable }] of Object.entries(PROGRAMS)) {
    const path = findBrowser(name);
    if (path) process.env[variable] = path;
  }
}
