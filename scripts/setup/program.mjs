/** Programs of others that the tests use: found where they are, or on Debian as root installed. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { say, step } from './progress.mjs';
import { run } from './run.mjs';

/** Path of a program, or null. `variable`: of the environment, names one by hand. */
export function findProgram({ variable, names, places = [] }, env = process.env, has = existsSync) {
  if (env[variable]) return env[variable];
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = names.flatMap((program) => folders.map((folder) => join(folder, program)));
  return [...candidates, ...places].find((path) => has(path)) ?? null;
}

/** Nothing on other systems and for other users: what needs the program says so itself. */
export async function installDebianPackage(name, purpose) {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return;
  await step(`Installing ${name} for ${purpose}`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', name], { env });
    const first = await install();
    if (first.code === 0) return;
    await run('apt-get', ['update'], { env });
    const second = await install();
    if (second.code !== 0) say(`apt-get could not install ${name}: ${second.output.trim().split('\n').at(-1)}`);
  });
}

const POLICY = '/usr/sbin/policy-rc.d';

/** While `work` goes on, packages start no services of theirs. */
export async function withoutServices(work) {
  const root = process.getuid?.() === 0;
  if (!root || existsSync(POLICY)) return work();
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await work();
  } finally {
    rmSync(POLICY, { force: true });
  }
}
