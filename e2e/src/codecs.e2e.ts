import { expect, test } from 'vitest';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage();

test.each(['vp8', 'vp9', 'h264', 'av1'])('%s goes from browser to browser', async (codec) => {
  const room = stage.room();
  await (await stage.server()).putRoom(room, { videoCodecs: [codec] });
  const ann = await stage.join(room, 'Ann');
  const bob = await stage.join(room, 'Bob');
  for (const person of [ann, bob]) {
    await person.sees(1);
    const mime = `video/${codec.toUpperCase()}`;
    await until(
      async () => {
        const { inbound, outbound } = await person.stats();
        const received = inbound.filter((stream) => stream.kind === 'video' && stream.frames > 0);
        const sent = outbound.filter((stream) => stream.kind === 'video' && stream.frames > 0);
        return received.some((s) => s.codec === mime) && sent.some((s) => s.codec === mime);
      },
      { within: 10_000, what: `${person.name} sends and receives ${mime}` },
      () => person.stats(),
    );
    const { inbound } = await person.stats();
    expect(inbound.find((stream) => stream.codec === mime)?.width).toBeGreaterThanOrEqual(160);
  }
});
