/** Formats that carry redundancy beside the codecs: RED (RFC 2198), ULPFEC (RFC 5109), FlexFEC as browsers have it (draft 03). */
import type { MediaDescription } from 'sdp-transform';
import type { MediaKind, RepairParameters } from './parameters.js';
import type { CodecLine, Section } from './section.js';

/** What is accepted where it is offered; nothing by default. */
export interface RepairPolicy {
  /** RED of Opus. */
  redAudio?: boolean;
  /** ULPFEC in RED, in video sections that the client only receives in. */
  ulpfec?: boolean;
  /** FlexFEC with an SSRC of its own, in video sections that the client only receives in. */
  flexfec?: boolean;
}

/** As browsers offer it: packets up to 10 s apart, in microseconds. */
const FLEXFEC_FMTP = 'repair-window=10000000';

/**
 * The payload types both sides take. A section in which the client sends video gets none: with RED agreed on, browsers wrap
 * all of their video into it and add FEC that ends at us.
 *
 * @param codecPayloadTypes of the codecs agreed on
 */
export function agreeRepair(
  section: Section,
  codecPayloadTypes: readonly number[],
  publishes: boolean,
  policy: RepairPolicy,
): RepairParameters | null {
  const found: RepairParameters = {};
  if (section.kind === 'audio') {
    const red = policy.redAudio ? audioRed(section, codecPayloadTypes) : null;
    if (red) Object.assign(found, red);
  } else if (!publishes) {
    const red = payloadTypeOf(section, 'red');
    const ulpfec = payloadTypeOf(section, 'ulpfec');
    if (policy.ulpfec && red !== undefined && ulpfec !== undefined) Object.assign(found, { red, ulpfec });
    const flexfec = payloadTypeOf(section, 'flexfec-03');
    if (policy.flexfec && flexfec !== undefined) found.flexfec = flexfec;
  }
  return Object.keys(found).length > 0 ? found : null;
}

/** RED whose blocks are all of one Opus payload type: `a=fmtp:63 111/111`. */
function audioRed(section: Section, opus: readonly number[]): Pick<RepairParameters, 'red' | 'redBlock'> | null {
  for (const { name, clockRate, channels, fmtpText, payloadType } of section.codecs) {
    if (name !== 'red' || clockRate !== 48_000 || channels !== 2) continue;
    const blocks = (fmtpText ?? '').trim().split('/').slice(0, 32).map(Number);
    if (blocks.length > 1 && opus.includes(blocks[0]) && blocks.every((block) => block === blocks[0])) {
      return { red: payloadType, redBlock: blocks[0] };
    }
  }
  return null;
}

function payloadTypeOf(section: Section, name: string): number | undefined {
  return section.codecs.find((codec: CodecLine) => codec.name === name && codec.clockRate === 90_000)?.payloadType;
}

type Lines = Pick<MediaDescription, 'rtp' | 'fmtp'> & { payloads: number[] };

/** What a section says of them, after its codecs. */
export function repairLines(kind: MediaKind, repair: RepairParameters | undefined): Lines {
  const lines: Lines = { rtp: [], fmtp: [], payloads: [] };
  const add = (payload: number | undefined, codec: string, config?: string) => {
    if (payload === undefined) return;
    lines.payloads.push(payload);
    lines.rtp.push(kind === 'audio' ? { payload, codec, rate: 48_000, encoding: 2 } : { payload, codec, rate: 90_000 });
    if (config !== undefined) lines.fmtp.push({ payload, config });
  };
  add(repair?.red, 'red', kind === 'audio' ? `${repair?.redBlock}/${repair?.redBlock}` : undefined);
  add(repair?.ulpfec, 'ulpfec');
  add(repair?.flexfec, 'flexfec-03', FLEXFEC_FMTP);
  return lines;
}
