/** Browsers for the tests: installed ones, or on Debian as root the packages. Playwright and puppeteer bring none here. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError, say, step } from './progress.mjs';
import { run } from './run.mjs';

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
  const { variable, names, places } = PROGRAMS[name];
  if (env[variable]) return env[variable];
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = names.flatMap((program) => folders.map((folder) => join(folder, program)));
  return [...candidates, ...places].find((path) => has(path)) ?? null;
}

async function installPackage(name) {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return;
  await step(`Installing ${name} for the browser tests`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', name], { env });
    const first = await install();
    if (first.code === 0) return;
    await run('apt-get', ['update'], { env });
    const second = await install();
    if (second.code !== 0) say(`apt-get could not install ${name}: ${second.output.trim().split('\n').at(-1)}`);
  });
}

/** Environment that names the browsers. Chromium has to be there; without Firefox its tests are skipped. */
export async function browsersForTests() {
  const env = {};
  for (const [name, { variable, debian }] of Object.entries(PROGRAMS)) {
    if (!findBrowser(name)) await installPackage(debian);
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
