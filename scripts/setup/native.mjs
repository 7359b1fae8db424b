/** The native addon: built once, and again when its sources or Node's ABI change. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { compilerComplaint, nodeHeaders } from './compiler.mjs';
import { SetupError, step } from './progress.mjs';
import { ROOT } from './root.mjs';
import { npm } from './run.mjs';
import { digest, dropStamp, readStamp, writeStamp } from './stamp.mjs';

const PACKAGE = 'packages/datapath';

/** What a failed compilation means to the reader. */
export function explainNative(output) {
  if (/openssl\/[\w.]+: No such file/.test(output)) {
    return "This Node was built without its OpenSSL headers beside it: install them (Debian's own Node: `apt-get install libssl-dev libnode-dev`) and start again.";
  }
  if (/FetchError|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|gyp ERR! stack.*nodejs\.org/.test(output)) {
    return "Node's C headers are not beside its binary and could not be downloaded from nodejs.org: connect this machine to the network, or install Node from an official archive, which brings them.";
  }
  return 'The native addon could not be compiled: the compiler’s own words are above.';
}

function builtAddon() {
  const folder = join(ROOT, PACKAGE, 'build', 'Release');
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.node'));
}

const inputs = () =>
  digest(
    [`${PACKAGE}/binding.gyp`, `${PACKAGE}/native`],
    [process.platform, process.arch, process.versions.modules, process.versions.openssl],
  );

const isCurrent = () => builtAddon() && readStamp('native') === inputs();

/** Before anything is downloaded: throws if the addon has to be built and this machine can't. */
export async function checkCompiler() {
  const complaint = isCurrent() ? null : await compilerComplaint();
  if (complaint) throw new SetupError(complaint);
}

export async function buildNative() {
  if (isCurrent()) return;
  const wanted = inputs();
  await step('Compiling the native addon', async () => {
    dropStamp('native');
    const env = { ...process.env };
    const headers = nodeHeaders(realpathSync(process.execPath));
    if (headers) env.npm_config_nodedir ??= headers;
    const { code, output } = await npm(['rebuild', '--workspace', '@efir/datapath', '--foreground-scripts'], { env });
    if (code !== 0 || !builtAddon()) throw SetupError.from(explainNative(output), output);
  });
  writeStamp('native', wanted);
}
