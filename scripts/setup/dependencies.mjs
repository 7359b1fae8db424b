/** npm dependencies, as the lock file has them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, step } from './progress.mjs';
import { ROOT } from './root.mjs';
import { npm } from './run.mjs';
import { digest, dropStamp, readStamp, writeStamp } from './stamp.mjs';

const NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|network/i;
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** Everything but the browser tests, whose FFmpeg alone is 175 MB. */
const TO_RUN = ['--include-workspace-root', '-w', 'packages', '-w', 'apps', '-w', 'bench'];

const manifests = () => {
  const workspaces = ['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}/package.json`),
  );
  return digest(['package.json', 'package-lock.json', 'bench/package.json', 'e2e/package.json', ...workspaces.sort()]);
};

/** What npm's failure means to the reader. */
export function explainNpm(output) {
  if (/npm ci.*can only install|not in sync|EUSAGE/.test(output)) {
    return 'package.json and package-lock.json disagree: run `npm install` and commit the lock file.';
  }
  if (/ENOSPC/.test(output)) return 'The disk is full: free about 1 GB and start again.';
  if (/EACCES|EPERM/.test(output)) return 'npm may not write here: make this folder yours (`chown`) and start again.';
  if (NETWORK.test(output)) {
    return 'The npm registry cannot be reached: connect this machine to the network (or set a proxy: `npm config set proxy`) and start again.';
  }
  return 'npm could not install the dependencies: its own words are above.';
}

/** `all: true` brings what the browser tests need as well. */
export async function installDependencies({ all }) {
  const wanted = manifests();
  const [have, extent] = (readStamp('dependencies') ?? '').split(' ');
  const present = existsSync(join(ROOT, 'node_modules'));
  if (present && have === wanted && (extent === 'all' || !all)) return;
  // What a test run once brought stays.
  const everything = all || extent === 'all';
  await step(`Installing dependencies${everything ? '' : ' (without those of the browser tests)'}`, async () => {
    dropStamp('dependencies');
    // `ci` insists on the lock file but starts over; `install --no-save` adds what is missing and leaves the lock file alone.
    const verb = present ? ['install', '--no-save'] : ['ci'];
    const { code, output } = await npm([...verb, ...QUIET, ...(everything ? [] : TO_RUN)]);
    if (code !== 0) throw SetupError.from(explainNpm(output), output);
  });
  writeStamp('dependencies', `${wanted} ${everything ? 'all' : 'run'}`);
}
