import type { TrackSource, VideoCodec } from '@efir/protocol';
import { isWeak } from '../mesh/encoding.js';
import type { VideoQuality } from '../options.js';
import { kindOf } from '../track.js';
import { preferCodecs, preferredCodec } from './codecs.js';
import { describeDependencies } from './header-extensions.js';
import { LayeredSender } from './layered-sender.js';
import { type LayerEncoding, sendEncodings } from './layers.js';

export interface SendingOptions {
  quality: VideoQuality;
  videoCodecs: readonly VideoCodec[];
  codec?: VideoCodec;
  degradationPreference?: RTCDegradationPreference;
}

interface Section {
  transceiver: RTCRtpTransceiver;
  layers: LayeredSender;
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
      this.sections.set(source, { ...this.add(source, media), muted, stopped: false });
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
  limitFrameRate(frameRate: number | null): void {
    this.layers('camera')?.set({ frameRate });
  }

  layers(source: TrackSource): LayeredSender | undefined {
    return this.sections.get(source)?.layers;
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

  private add(source: TrackSource, media: MediaStreamTrack): Pick<Section, 'transceiver' | 'layers'> {
    const { quality, videoCodecs, codec } = this.options;
    const video = kindOf(source) === 'video';
    const encodings = sendEncodings(source, {
      quality,
      codec: preferredCodec(videoCodecs, codec),
      weak: isWeak(),
    });
    if (source === 'screen' && 'contentHint' in media) media.contentHint ||= 'detail';
    const { transceiver, accepted } = this.open(media, encodings);
    if (video) {
      preferCodecs(transceiver, videoCodecs, codec);
      if (encodings.some(({ scalabilityMode }) => scalabilityMode?.endsWith('_KEY'))) describeDependencies(transceiver);
      const preference = source === 'screen' ? 'maintain-resolution' : this.options.degradationPreference;
      if (preference) degrade(transceiver.sender, preference);
    }
    return { transceiver, layers: new LayeredSender(transceiver.sender, accepted) };
  }

  /** With as many of the wishes as the browser takes. */
  private open(
    media: MediaStreamTrack,
    encodings: LayerEncoding[],
  ): { transceiver: RTCRtpTransceiver; accepted: LayerEncoding[] } {
    const plain = encodings.map(({ scalabilityMode: _, ...encoding }) => encoding);
    const [lowest = {}] = plain;
    const { rid: _, scaleResolutionDownBy: __, ...single } = lowest;
    const alone = [{ ...single, maxBitrate: Math.max(...plain.map(({ maxBitrate = 0 }) => maxBitrate)) }];
    for (const sendEncodings of [encodings, plain]) {
      try {
        const transceiver = this.pc.addTransceiver(media, { direction: 'sendonly', sendEncodings });
        return { transceiver, accepted: sendEncodings };
      } catch {
        // No scalability modes here, or no simulcast.
      }
    }
    return {
      transceiver: this.pc.addTransceiver(media, { direction: 'sendonly', sendEncodings: alone }),
      accepted: alone,
    };
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
