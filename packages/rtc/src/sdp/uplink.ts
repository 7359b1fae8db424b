/** What a client says it will send in a section. */
import type { EncodingParameters, UplinkParameters } from './parameters.js';
import type { Section } from './section.js';

/**
 * Encodings by rid (RFC 8853), else by a SIM group of SSRCs (an older form of simulcast), else the one plain stream. SSRCs
 * beside rids are left out: packets bring the rid, and the lines' order proves nothing.
 */
export function readUplink(section: Section): UplinkParameters {
  const { ssrcs, streamId, trackId } = section;
  const encodings: EncodingParameters[] =
    section.sendRids.length > 0 ? section.sendRids.map((rid) => ({ rid })) : encodingsBySsrc(section);
  const first = encodings[0].ssrc;
  const cname = (ssrcs.find((line) => line.ssrc === first && line.cname) ?? ssrcs.find((line) => line.cname))?.cname;
  return {
    encodings,
    ...(cname !== undefined && { cname }),
    ...(streamId !== undefined && { streamId }),
    ...(trackId !== undefined && { trackId }),
  };
}

/** Without any SSRC there is one encoding that says nothing: mid or payload type will tell. */
function encodingsBySsrc({ ssrcs, ssrcGroups }: Section): EncodingParameters[] {
  const repairs = ssrcGroups.filter((group) => group.semantics === 'FID' && group.ssrcs.length === 2);
  const layers = ssrcGroups.find((group) => group.semantics === 'SIM' && group.ssrcs.length > 1);
  const primaries = layers?.ssrcs ?? [repairs[0]?.ssrcs[0] ?? ssrcs[0]?.ssrc];
  return primaries.map((ssrc) => {
    if (ssrc === undefined) return {};
    const rtxSsrc = repairs.find((group) => group.ssrcs[0] === ssrc)?.ssrcs[1];
    return { ssrc, ...(rtxSsrc !== undefined && { rtxSsrc }) };
  });
}
