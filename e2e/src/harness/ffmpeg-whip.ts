/**
 * A program of its own: FFmpeg's WHIP muxer publishes a test picture (H.264) and a tone (Opus) to the URL in its first argument,
 * at the pace of the clock, until it is ended. It is the DTLS server of the two (`setup:passive`) and knows no header extensions.
 */

// node-av wants Node 22 for this one function.
Promise.withResolvers ??= function withResolvers<T>() {
  let resolve!: (value: T | PromiseLike<T>) => void;
  let reject!: (reason?: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

const { AV_LOG_WARNING, FF_ENCODER_LIBOPUS, FF_ENCODER_LIBX264 } = await import('node-av/constants');
const { Decoder, Demuxer, Encoder, Log, Muxer } = await import('node-av');

Log.setLevel(AV_LOG_WARNING);
const [url] = process.argv.slice(2);

const picture = 'testsrc2=size=640x360:rate=25,realtime,format=yuv420p[out0]';
const tone = 'sine=frequency=440:sample_rate=48000,aformat=sample_fmts=s16:channel_layouts=stereo,arealtime[out1]';
const input = await Demuxer.open(`${picture};${tone}`, { format: 'lavfi' });
const videoIn = input.video()!;
const audioIn = input.audio()!;
const videoDecoder = await Decoder.create(videoIn);
const audioDecoder = await Decoder.create(audioIn);
const videoEncoder = await Encoder.create(FF_ENCODER_LIBX264, {
  decoder: videoDecoder,
  bitrate: '600k',
  gopSize: 25,
  maxBFrames: 0,
  options: { preset: 'ultrafast', tune: 'zerolatency', profile: 'baseline' },
});
const audioEncoder = await Encoder.create(FF_ENCODER_LIBOPUS, { decoder: audioDecoder, bitrate: '48k' });
const output = await Muxer.open(url, { format: 'whip' });
const video = { decoder: videoDecoder, encoder: videoEncoder, stream: output.addStream(videoEncoder) };
const audio = { decoder: audioDecoder, encoder: audioEncoder, stream: output.addStream(audioEncoder) };

for await (const packet of input.packets()) {
  if (!packet) break;
  const { decoder, encoder, stream } = packet.streamIndex === videoIn.index ? video : audio;
  for (const frame of await decoder.decodeAll(packet)) {
    for (const encoded of await encoder.encodeAll(frame)) {
      await output.writePacket(encoded, stream);
      encoded.free();
    }
    frame.free();
  }
  packet.free();
}
