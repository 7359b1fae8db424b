/** coturn for the tests of relayed calls: an installed one, or on Debian as root the package. They run their own, never a service. */
import { findProgram, installDebianPackage, withoutServices } from './program.mjs';
import { say } from './progress.mjs';

const TURN_SERVER = {
  variable: 'EFIR_TURNSERVER',
  names: ['turnserver'],
  places: ['/usr/local/bin/turnserver', '/opt/homebrew/bin/turnserver'],
};

/** Environment that names it; without it its tests are skipped. */
export async function turnServerForTests() {
  if (!findProgram(TURN_SERVER))
    await withoutServices(() => installDebianPackage('coturn', 'the tests of relayed calls'));
  const path = findProgram(TURN_SERVER);
  if (path) return { [TURN_SERVER.variable]: path };
  say('coturn is not here, so the tests of relayed calls are skipped (Debian: `apt-get install coturn`)');
  return {};
}

/** Vitest's global set-up of the e2e project: a test run by hand finds it as well. */
export default function setup() {
  const path = findProgram(TURN_SERVER);
  if (path) process.env[TURN_SERVER.variable] = path;
}
