/** The one transport of a bundled description: ICE credentials, certificate fingerprints, DTLS role. */
import type { Description, TransportLines } from './description.js';
import { SdpError } from './error.js';
import type { IceParameters, SdpFingerprint } from './parameters.js';

export type Setup = 'actpass' | 'active' | 'passive';

export interface BundleTransport {
  ice: IceParameters;
  fingerprints: SdpFingerprint[];
  setup?: Setup;
  /** Values of `a=candidate`. */
  candidates: string[];
}

/** Bytes of the hashes that we compare certificates with. SHA-1 and MD5 are no proof any more. */
const HASH_BYTES: Record<string, number> = { 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 };

/**
 * Transport of the sections with these mids, in the BUNDLE group's order. The first section that has the lines speaks for
 * all (RFC 8843 section 7), then the session level.
 */
export function bundleTransport(description: Description, mids: string[]): BundleTransport {
  const order = mids.flatMap((mid) => {
    const index = description.sections.findIndex((section) => section.mid === mid && !section.stopped);
    return index < 0 ? [] : [description.transports[index]];
  });
  order.push(description.session);
  const ice = order.find((lines) => lines.ice)?.ice;
  if (!ice) throw new SdpError('no-ice', 'The SDP has no a=ice-ufrag and a=ice-pwd.');
  checkIce(ice);
  const fingerprints = usableFingerprints(order);
  const setup = order.find((lines) => lines.setup !== undefined)?.setup;
  if (setup !== undefined && setup !== 'actpass' && setup !== 'active' && setup !== 'passive') {
    throw new SdpError('bad-setup', 'a=setup must be actpass, active or passive.');
  }
  return { ice, fingerprints, setup, candidates: order.flatMap((lines) => lines.candidates) };
}

/** RFC 8839 section 5.4, but for the alphabet, which some clients widen. */
function checkIce(ice: IceParameters): void {
  if (!/^[!-9;-~]{4,256}$/.test(ice.usernameFragment)) {
    throw new SdpError('no-ice', 'a=ice-ufrag must be 4 to 256 characters.');
  }
  if (!/^[!-~]{22,256}$/.test(ice.password)) {
    throw new SdpError('no-ice', 'a=ice-pwd must be 22 to 256 characters.');
  }
}

function usableFingerprints(order: TransportLines[]): SdpFingerprint[] {
  const all = order.find((lines) => lines.fingerprints.length > 0)?.fingerprints;
  if (!all) throw new SdpError('no-fingerprint', 'The SDP has no a=fingerprint.');
  const usable = all.filter(({ algorithm, value }) => {
    const bytes = Object.hasOwn(HASH_BYTES, algorithm) ? HASH_BYTES[algorithm] : 0;
    return bytes > 0 && value.length === bytes * 3 - 1 && /^[0-9A-F]{2}(:[0-9A-F]{2})*$/.test(value);
  });
  if (usable.length === 0) {
    throw new SdpError('no-fingerprint', 'a=fingerprint must be a whole sha-256, sha-384 or sha-512 hash.');
  }
  return usable;
}
