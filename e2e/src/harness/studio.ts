/** Pages that speak plain WHIP and WHEP, without any of our own client's code. These functions run in the browser. */

declare global {
  interface Window {
    /** Loudness of the publisher's tone, 0..1. */
    studioGain: GainNode;
    studioLocation: string;
  }
}

export interface StudioOptions {
  room: string;
  colour: string;
  /** Fill the picture with noise, which no encoder can make small. */
  noise?: boolean;
}

/** Publishes a canvas of one colour, and a tone whose loudness can be turned. */
export async function publishColour({ room, colour, noise = false }: StudioOptions): Promise<void> {
  const canvas = document.createElement('canvas');
  const [width, height] = noise ? [640, 360] : [320, 180];
  canvas.width = width;
  canvas.height = height;
  const paint = canvas.getContext('2d')!;
  const noises = Array.from({ length: noise ? 5 : 0 }, () => {
    const picture = paint.createImageData(width, height);
    for (let i = 0; i < picture.data.length; i++) picture.data[i] = i % 4 === 3 ? 255 : Math.random() * 256;
    return picture;
  });
  let tick = 0;
  setInterval(() => {
    paint.fillStyle = colour;
    paint.fillRect(0, 0, width, height);
    // Something that moves, so that the encoder has work.
    paint.fillStyle = 'gray';
    paint.fillRect(tick++ % width, 0, 8, 8);
    if (noise) paint.putImageData(noises[tick % noises.length], 0, 0);
  }, 50);
  document.body.append(canvas);
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  window.studioGain = audio.createGain();
  window.studioGain.gain.value = 0;
  const out = audio.createMediaStreamDestination();
  tone.connect(window.studioGain).connect(out);
  tone.start();
  const peer = new RTCPeerConnection();
  const stream = canvas.captureStream(20);
  peer.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly' });
  peer.addTransceiver(out.stream.getAudioTracks()[0], { direction: 'sendonly' });
  await peer.setLocalDescription();
  const response = await fetch(`/whip/${room}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription!.sdp,
  });
  if (response.status !== 201) throw new Error(`WHIP: ${response.status} ${await response.text()}`);
  window.studioLocation = response.headers.get('location') ?? '';
  await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
}

/** Of this page's tone, 0 (silence) to 1. */
export function setLoudness(loudness: number): void {
  window.studioGain.gain.value = loudness;
}

/** The shortest WHEP player there is. */
export async function playWhep({ url }: { url: string }): Promise<void> {
  const peer = new RTCPeerConnection();
  const video = document.createElement('video');
  video.autoplay = true;
  document.body.append(video);
  const stream = new MediaStream();
  video.srcObject = stream;
  peer.ontrack = (event) => stream.addTrack(event.track);
  peer.addTransceiver('video', { direction: 'recvonly' });
  peer.addTransceiver('audio', { direction: 'recvonly' });
  await peer.setLocalDescription();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: peer.localDescription!.sdp,
  });
  if (response.status !== 201) throw new Error(`WHEP: ${response.status} ${await response.text()}`);
  window.studioLocation = response.headers.get('location') ?? '';
  await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() });
}

/** Red, green and blue (0..255) in the middle of the first video. */
export function middleColour(): [number, number, number] {
  const video = document.querySelector('video')!;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const paint = canvas.getContext('2d')!;
  paint.drawImage(video, video.videoWidth / 2, video.videoHeight / 2, 1, 1, 0, 0, 1, 1);
  const [red, green, blue] = paint.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}
