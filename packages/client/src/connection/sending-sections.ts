import type { TrackSource, VideoCodec } from '@efir/protocol';
import { applyEncoding } from '../mesh/encoding.js';
import { AUDIO_MAX_BITRATE_BPS, SCREEN_QUALITY, type VideoQuality } from '../options.js';
import { kindOf } from '../track.js';
import { preferCodecs } from './codecs.js';

export interface SendingOptions {
  quality: VideoQuality;
  videoCodecs: readonly VideoCodec[];
  codec?: VideoCodec;
  degradationPreference?: RTCDegradationPreference;
}

interface Section {
  transceiver: RTCRtpTransceiver;
  muted: boolean;
  stopped: boolean;
}

/** The sections of one PeerConnection that send, one per source. A section is never given to another source. */
export class SendingSections {
  private readonly sections = new Map<TrackSource, Section>();

  constructor(
    private readonly pc: RTCPeerConnection,
    private readonly options: SendingOptions,
  ) {}

  /** Returns whether an offer is needed for it. */
  async send(source: TrackSource, media: MediaStreamTrack | null, muted: boolean): Promise<boolean> {
    const section = this.sections.get(source);
    if (!section) {
      if (!media) return false;
      this.sections.set(source, { transceiver: this.add(source, media), muted, stopped: false });
      return true;
    }
    const revived = section.stopped && media !== null;
    section.muted = muted;
    if (revived) {
      section.stopped = false;
      section.transceiver.direction = 'sendonly';
    }
    await section.transceiver.sender.replaceTrack(media);
    return revived;
  }

  /** Returns whether an offer is needed for it. */
  async stop(source: TrackSource): Promise<boolean> {
    const section = this.sections.get(source);
    if (!section || section.stopped) return false;
    section.stopped = true;
    section.transceiver.direction = 'inactive';
    await section.transceiver.sender.replaceTrack(null);
    return true;
  }

  mute(source: TrackSource, muted: boolean): void {
    const section = this.sections.get(source);
    if (section) section.muted = muted;
  }

  /** Pictures a second of the camera at most; null: as its quality says. */
  async limitFrameRate(limit: number | null): Promise<void> {
    const sender = this.sender('camera');
    const { frameRate } = this.options.quality;
    if (sender) await applyEncoding(sender, { maxFramerate: Math.min(frameRate, limit ?? frameRate) });
  }

  /** For the `offer` message; sections have a mid once the offer is set. */
  described(): { mid: string; source: TrackSource; muted: boolean }[] {
    return [...this.sections].flatMap(([source, { transceiver, muted, stopped }]) =>
      transceiver.mid !== null && !stopped ? [{ mid: transceiver.mid, source, muted }] : [],
    );
  }

  sender(source: TrackSource): RTCRtpSender | undefined {
    return this.sections.get(source)?.transceiver.sender;
  }

  sourceOf(mid: string): TrackSource | undefined {
    for (const [source, { transceiver }] of this.sections) if (transceiver.mid === mid) return source;
    return undefined;
  }

  private add(source: TrackSource, media: MediaStreamTrack): RTCRtpTransceiver {
    const video = kindOf(source) === 'video';
    const quality = source === 'screen' ? SCREEN_QUALITY : this.options.quality;
    const encoding: RTCRtpEncodingParameters = video
      ? { maxBitrate: quality.maxBitrateBps, maxFramerate: quality.frameRate }
      : { maxBitrate: AUDIO_MAX_BITRATE_BPS };
    const init: RTCRtpTransceiverInit = { direction: 'sendonly', sendEncodings: [encoding] };
    const transceiver = this.pc.addTransceiver(media, init);
    if (video) {
      preferCodecs(transceiver, this.options.videoCodecs, this.options.codec);
      const preference = source === 'screen' ? 'maintain-resolution' : this.options.degradationPreference;
      if (preference) degrade(transceiver.sender, preference);
    }
    return transceiver;
  }
}

/** Not every browser knows the field; those that don't ignore it or refuse the call. */
function degrade(sender: RTCRtpSender, preference: RTCDegradationPreference): void {
  try {
    const parameters = sender.getParameters();
    parameters.degradationPreference = preference;
    void sender.setParameters(parameters).catch(() => {});
  } catch {
    // The browser's own choice stands.
  }
}
