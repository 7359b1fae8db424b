/** What an offer and its answer agree on, as plain data: it crosses process borders as it is. */

export type MediaKind = 'audio' | 'video';

export interface CodecFeedback {
  nack: boolean;
  pli: boolean;
  fir: boolean;
  transportCc: boolean;
}

export interface CodecParameters {
  /** Lower-cased encoding name: `opus`, `vp8`, `vp9`, `h264`, `av1`. */
  name: string;
  payloadType: number;
  clockRate: number;
  channels?: number;
  /** `a=fmtp` as key and value; keys lower case. */
  fmtp: Record<string, string>;
  /** Payload type of the RTX stream that repairs this one (RFC 4588). */
  rtxPayloadType?: number;
  feedback: CodecFeedback;
}

/** The header extensions we know, by the name used in code. */
export type ExtensionName =
  | 'mid'
  | 'rid'
  | 'repairedRid'
  | 'transportCc'
  | 'audioLevel'
  | 'absCaptureTime'
  | 'dependencyDescriptor'
  | 'playoutDelay'
  | 'videoOrientation';

/** Extension ids of a section, 1..255. All sections of a bundle use one id for one extension (RFC 8843 section 9). */
export type ExtensionIds = Partial<Record<ExtensionName, number>>;

export interface EncodingParameters {
  rid?: string;
  ssrc?: number;
  rtxSsrc?: number;
}

/** What the client sends in a section and we receive. Becomes a Producer. */
export interface UplinkParameters {
  /** One, or one per simulcast layer, in the offer's order (by convention lowest or highest first: don't rely on it). */
  encodings: EncodingParameters[];
  cname?: string;
  /** From the offer's msid. */
  streamId?: string;
  trackId?: string;
}

/** What we send in a section. Becomes a VirtualStream. */
export interface DownlinkParameters {
  ssrc: number;
  rtxSsrc?: number;
  /** Of the FlexFEC stream that protects `ssrc`. */
  flexfecSsrc?: number;
  cname: string;
  streamId: string;
  trackId: string;
}

/** Payload types of redundancy that a section agreed on. */
export interface RepairParameters {
  /** RED (RFC 2198): of Opus in audio; in video the wrapping of ULPFEC and of what it protects. */
  red?: number;
  /** Audio: the Opus payload type that RED's blocks have. */
  redBlock?: number;
  /** ULPFEC (RFC 5109), inside of RED and in the media's own sequence numbers. */
  ulpfec?: number;
  /** FlexFEC, draft 03; its packets have an SSRC of their own. */
  flexfec?: number;
}

export interface SectionParameters {
  mid: string;
  kind: MediaKind;
  /** In order of preference, the same payload types both ways. */
  codecs: CodecParameters[];
  extensions: ExtensionIds;
  /** Where `NegotiateOptions.repair` allows any and the client offers it. */
  repair?: RepairParameters;
  uplink?: UplinkParameters;
  downlink?: DownlinkParameters;
}

export interface IceParameters {
  usernameFragment: string;
  password: string;
}

export interface SdpFingerprint {
  algorithm: string;
  value: string;
}

/** `address` and `port` of a host candidate of ours. */
export interface HostCandidate {
  protocol: 'udp' | 'tcp';
  address: string;
  port: number;
}
