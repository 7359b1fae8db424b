/** Offers of any dialect, checked for what a bundled WebRTC transport needs. */
import { readDescription } from './description.js';
import { SdpError } from './error.js';
import type { IceParameters, SdpFingerprint } from './parameters.js';
import type { Section } from './section.js';
import { bundleTransport, type Setup } from './transport.js';

export interface ParsedOffer {
  /** Every m-line in its place, stopped ones too. */
  sections: Section[];
  /** Mids of the live sections that share the one transport. */
  bundle: string[];
  ice: IceParameters;
  fingerprints: SdpFingerprint[];
  setup: Setup;
  extmapAllowMixed: boolean;
}

/**
 * Reads an offer. Throws `SdpError` with the reason: not SDP, over the limits, several sections without BUNDLE, no rtcp-mux,
 * no ICE credentials, no fingerprint, an impossible a=setup, mids missing or used twice.
 */
export function parseOffer(sdp: string): ParsedOffer {
  const description = readDescription(sdp);
  const { sections } = description;
  checkMids(sections);
  const live = sections.filter((section) => !section.stopped);
  if (live.length === 0) throw new SdpError('unsupported', 'Every section of the offer is off (port 0).');
  const bundle = liveBundle(live, description.bundle);
  if (description.iceLite) {
    throw new SdpError(
      'unsupported',
      'The offer says a=ice-lite; this server is ICE-lite too, so nobody would connect.',
    );
  }
  const transport = bundleTransport(description, bundle);
  const rtp = live.filter((section) => bundle.includes(section.mid) && section.kind !== 'application');
  // Sections that ride on another one need not repeat it (RFC 8829 section 5.2.1).
  if (rtp.length > 0 && !rtp.some((section) => section.rtcpMux)) {
    throw new SdpError('no-rtcp-mux', 'The offer has no a=rtcp-mux; RTCP on a port of its own is not served.');
  }
  return {
    sections,
    bundle,
    ice: transport.ice,
    fingerprints: transport.fingerprints,
    setup: transport.setup ?? 'actpass',
    extmapAllowMixed: description.extmapAllowMixed,
  };
}

function checkMids(sections: Section[]): void {
  const seen = new Set<string>();
  for (const [index, { mid, stopped }] of sections.entries()) {
    if (mid === '') {
      if (stopped) continue;
      throw new SdpError('garbage', `Section ${index} has no a=mid.`);
    }
    if (seen.has(mid)) throw new SdpError('garbage', `Two sections have the mid "${mid}".`);
    seen.add(mid);
  }
}

/** The live sections of the group in the group's order; a lone section needs no group. */
function liveBundle(live: Section[], group: string[] | null): string[] {
  if (group === null) {
    if (live.length > 1) throw new SdpError('no-bundle', 'The offer has several sections and no a=group:BUNDLE.');
    return [live[0].mid];
  }
  const mids = new Set(live.map((section) => section.mid));
  const bundle = [...new Set(group)].filter((mid) => mids.has(mid));
  if (bundle.length === 0) throw new SdpError('no-bundle', 'a=group:BUNDLE names none of the live sections.');
  return bundle;
}
