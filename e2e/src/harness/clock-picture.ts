/**
 * A picture that says when it was drawn, in blocks of black and white that outlive any encoder, and how it is read. These functions
 * run in the browser; both pages are on one machine and so have one clock.
 */

declare global {
  interface Window {
    /** From drawing to showing, ms, of each picture that could be read. */
    pictureAges: number[];
    /** Pictures that could not. */
    unreadPictures: number;
  }
}

/** Milliseconds of the clock, and their sum modulo 256 to tell what is no clock. */
const LAYOUT = { columns: 8, rows: 4, block: 40, width: 320, height: 180, top: 10 };
export type ClockLayout = typeof LAYOUT;

export interface ClockPublisher {
  room: string;
  fps: number;
  maxBps: number;
  layout?: ClockLayout;
}

/** Publishes such a picture, and a tone, by WHIP. */
export async function publishClock({ room, fps, maxBps, layout }: ClockPublisher): Promise<void> {
  const { columns, rows, block, width, height, top } = layout!;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  document.body.append(canvas);
  const paint = canvas.getContext('2d')!;
  setInterval(() => {
    paint.fillStyle = 'gray';
    paint.fillRect(0, 0, width, height);
    const ms = Math.round(performance.timeOrigin + performance.now()) % 2 ** 24;
    const sum = ((ms >> 16) + (ms >> 8) + ms) & 255;
    for (let bit = 0; bit < columns * rows; bit++) {
      const set = bit < 24 ? (ms >> bit) & 1 : (sum >> (bit - 24)) & 1;
      paint.fillStyle = set ? 'white' : 'black';
      paint.fillRect((bit % columns) * block, top + Math.floor(bit / columns) * block, block, block);
    }
  }, 1000 / fps);
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const out = audio.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  const peer = new RTCPeerConnection();
  const sendEncodings = [{ maxBitrate: maxBps }];
  const [picture] = canvas.captureStream(fps).getVideoTracks();
  peer.addTransceiver(picture, { direction: 'sendonly', sendEncodings });
  peer.addTransceiver(out.stream.getAudioTracks()[0], { direction: 'sendonly' });
  await peer.setLocalDescription();
  const response = await fetch(`/whip/${room}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription!.sdp,
  });
  if (response.status !== 201) throw new Error(`WHIP: ${response.status} ${await response.text()}`);
  await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
}

/** Reads each picture of the page's video as it is shown, from now on. */
export function readClock({ columns, rows, block, width, height, top }: ClockLayout): void {
  const video = document.querySelector<HTMLVideoElement>('video[data-front]') ?? document.querySelector('video')!;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const paint = canvas.getContext('2d', { willReadFrequently: true })!;
  window.pictureAges = [];
  window.unreadPictures = 0;
  const look = () => {
    video.requestVideoFrameCallback(look);
    const now = performance.timeOrigin + performance.now();
    paint.drawImage(video, 0, 0, width, height);
    const { data } = paint.getImageData(0, 0, width, height);
    let [ms, sum] = [0, 0];
    for (let bit = 0; bit < columns * rows; bit++) {
      const x = (bit % columns) * block + block / 2;
      const y = top + Math.floor(bit / columns) * block + block / 2;
      const set = data[(y * width + x) * 4] > 128 ? 1 : 0;
      if (bit < 24) ms |= set << bit;
      else sum |= set << (bit - 24);
    }
    if (sum === (((ms >> 16) + (ms >> 8) + ms) & 255)) {
      window.pictureAges.push(((now % 2 ** 24) - ms + 2 ** 24) % 2 ** 24);
    } else window.unreadPictures++;
  };
  video.requestVideoFrameCallback(look);
}

export { LAYOUT as CLOCK_LAYOUT };
