/** Node and the native addon: without them no server starts here. */
import { createDatapath } from '@efir/datapath';
import { type Check, ok, problem } from './check.js';

const OLDEST_NODE = [20, 19] as const;

export interface Runtime {
  /** `20.19.0`. */
  node: string;
  /** Why the addon does not load, with the remedy; or null. */
  addonError: string | null;
}

export function lookAtRuntime(): Runtime {
  const node = process.versions.node;
  try {
    createDatapath({ slots: 64 }, { onReadable() {}, onPeerEvent() {}, onTcpOutput() {} }).close();
    return { node, addonError: null };
  } catch (error) {
    return { node, addonError: (error as Error).message };
  }
}

export function judgeRuntime({ node, addonError }: Runtime): Check[] {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  const old = major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
  return [
    old
      ? problem('node', `Node ${node} is too old.`, `Install Node ${OLDEST_NODE.join('.')} or newer.`)
      : ok('node', `Node ${node}.`),
    addonError === null
      ? ok('addon', 'The native media addon loads.')
      : problem('addon', 'The native media addon does not load.', addonError),
  ];
}
