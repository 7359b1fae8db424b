/**
 * The publisher, a process of its own: so that frames leave on time while the subscribers' process is busy receiving.
 * Talks to its parent over IPC: `PublisherMessage` both ways.
 */
import { ClientHub } from '@efir/sfu';
import { EQUAL_FRAMES, recordedFrames, SINGLE_FRAMES, TRACE_FIXTURE } from '../fan-out/frame-shape.js';
import { FrameSource } from '../fan-out/frame-source.js';
import type { ToParent, ToPublisher } from './publisher-process.js';
import { PUBLISHED_MID } from './stage.js';

const send = (message: ToParent): void => void process.send?.(message);
const hub = new ClientHub();
const peer = hub.createPeer('publisher');
let source: FrameSource | null = null;
const SHAPES = {
  equal: () => EQUAL_FRAMES,
  single: () => SINGLE_FRAMES,
  trace: () => recordedFrames(TRACE_FIXTURE),
};

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToPublisher) => {
  if (message.type === 'connect') {
    const shape = SHAPES[message.shape]();
    peer.agree(message.agreement);
    peer.connected().then(
      () => {
        source = new FrameSource(peer, PUBLISHED_MID, shape);
        send({ type: 'connected', packetsPerFrame: source.clock.packetsPerFrame });
      },
      (error: Error) => send({ type: 'failed', reason: error.message }),
    );
  } else if (message.type === 'rate') {
    source?.setRate(message.packetsPerSecond, message.paced, performance.now());
    send({ type: 'sent', packets: source?.packets ?? 0, keyFrames: source?.keyFrames ?? 0 });
  } else {
    hub.close();
    process.disconnect?.();
  }
});

setInterval(() => source?.tick(performance.now()), 1);
send({ type: 'ready', ice: peer.localIce, fingerprint: hub.fingerprint });
