import type { LiveTopology, TopologyEvent } from '@efir/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EfirError } from '../errors.js';
import type { MediaPath } from './media-path.js';
import { Paths } from './paths.js';

/** A path whose media is there when `flows` says so. */
class FakePath {
  connected = false;
  assigned = true;
  closed = false;
  flows = false;
  moving = false;
  failOpen: EfirError | null = null;
  private count = 0;
  readonly track = {} as MediaStreamTrack;
  constructor(readonly topology: LiveTopology) {}
  async open(): Promise<void> {
    if (this.failOpen) throw this.failOpen;
  }
  begin(): this {
    this.connected = true;
    this.flows = true;
    return this;
  }
  media = () => (this.flows ? this.track : null);
  receiver(): RTCRtpReceiver | undefined {
    if (!this.flows) return undefined;
    const report = { type: 'inbound-rtp', framesDecoded: ++this.count * 10 };
    return { getStats: async () => new Map([['in', report]]) } as unknown as RTCRtpReceiver;
  }
  setMoving(moving: boolean): void {
    this.moving = moving;
  }
  rosterChanged = vi.fn();
  send = vi.fn(async () => {});
  close(): void {
    this.closed = true;
  }
}

let built: FakePath[];
let onBuild: (path: FakePath) => void;
const migrated = vi.fn(async (_epoch: number, _ok: boolean, _reason?: string) => {});
const onTopology = vi.fn();
let paths: Paths;
let epoch = 0;
const event = (phase: TopologyEvent['phase'], topology: LiveTopology): TopologyEvent => {
  if (phase === 'prepare') epoch++;
  return { epoch, phase, topology, reason: 'participants' };
};
const expected = [{ participant: 'ann', source: 'camera' as const }];
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  built = [];
  onBuild = () => {};
  vi.clearAllMocks();
  paths = new Paths({
    build: (topology) => {
      const path = new FakePath(topology);
      built.push(path);
      onBuild(path);
      return path as unknown as MediaPath;
    },
    expected: () => expected,
    spread: () => 0,
    migrated,
    onMedia: () => {},
    onCurrent: () => {},
    onTopology,
  });
  await paths.renew('mesh', 'entered');
  built[0]?.begin();
});
afterEach(() => {
  paths.close();
  vi.useRealTimers();
});
const mesh = () => built[0] as FakePath;
const sfu = () => built[1] as FakePath;

test('the new path is built beside the old one, and is told to be ready when its media flows', async () => {
  paths.event(event('prepare', 'sfu'));
  expect(built.map(({ topology }) => topology)).toEqual(['mesh', 'sfu']);
  expect(paths.media('ann', 'camera')).toBe(mesh().track);
  await later(2_000);
  expect(migrated).not.toHaveBeenCalled();
  sfu().connected = true;
  await later(1_000);
  expect(migrated).not.toHaveBeenCalled();
  sfu().flows = true;
  await later(1_000);
  expect(migrated).toHaveBeenCalledExactlyOnceWith(epoch, true, undefined);
  expect(paths.media('ann', 'camera')).toBe(mesh().track);
});

test('the commit takes the new path, and the old one stays open for a moment', async () => {
  paths.event(event('prepare', 'sfu'));
  sfu().begin();
  await later(1_000);
  paths.event(event('commit', 'sfu'));
  expect(paths.topology).toBe('sfu');
  await later(0);
  expect(paths.media('ann', 'camera')).toBe(sfu().track);
  await later(1_400);
  expect(mesh().closed).toBe(false);
  await later(200);
  expect(mesh().closed).toBe(true);
  expect(sfu()).toMatchObject({ closed: false, moving: false });
});

test('what the new path has not yet is still taken from the old one', () => {
  paths.event(event('prepare', 'sfu'));
  paths.event(event('commit', 'sfu'));
  expect(paths.media('ann', 'camera')).toBe(mesh().track);
});

test('an abort closes the new path and leaves the old one alone', async () => {
  paths.event(event('prepare', 'sfu'));
  expect(mesh().moving).toBe(true);
  paths.event(event('abort', 'mesh'));
  expect(sfu().closed).toBe(true);
  expect(mesh()).toMatchObject({ closed: false, moving: false });
  expect(paths.media('ann', 'camera')).toBe(mesh().track);
  await later(5_000);
  expect(migrated).not.toHaveBeenCalled();
  expect(onTopology).toHaveBeenLastCalledWith(expect.objectContaining({ phase: 'abort' }));
});

test('a path that cannot be opened is told, with the reason', async () => {
  onBuild = (path) => {
    path.failOpen = new EfirError('unavailable', 'no worker');
  };
  paths.event(event('prepare', 'sfu'));
  await later(10);
  expect(migrated).toHaveBeenCalledExactlyOnceWith(epoch, false, expect.stringContaining('no worker'));
  sfu().begin();
  await later(2_000);
  expect(migrated).toHaveBeenCalledOnce();
});

test('what is sent goes both ways while the room moves', async () => {
  paths.event(event('prepare', 'sfu'));
  await paths.send('camera', null, true);
  expect(mesh().send).toHaveBeenCalledOnce();
  expect(sfu().send).toHaveBeenCalledOnce();
});

test('who comes while the room moves to the SFU is not connected to in the mesh, unless the move fails', () => {
  paths.event(event('prepare', 'sfu'));
  paths.rosterChanged();
  expect(mesh().rosterChanged).not.toHaveBeenCalled();
  expect(sfu().rosterChanged).toHaveBeenCalledOnce();
  paths.event(event('abort', 'mesh'));
  expect(mesh().rosterChanged).toHaveBeenCalledOnce();
});

test('who missed the preparation follows the commit all the same', async () => {
  epoch++;
  paths.event(event('commit', 'sfu'));
  expect(paths.topology).toBe('sfu');
  await later(1_600);
  expect(mesh().closed).toBe(true);
});

test('who entered on the new path already builds nothing, and tells when it sees the others', async () => {
  await paths.renew('sfu', 'entered');
  sfu().begin();
  paths.event(event('prepare', 'sfu'));
  await later(1_000);
  expect(built).toHaveLength(2);
  expect(migrated).toHaveBeenCalledExactlyOnceWith(epoch, true, undefined);
});

test('who entered on the path that is given up goes to the one that stays', async () => {
  await paths.renew('sfu', 'entered');
  paths.event(event('prepare', 'sfu'));
  paths.event(event('abort', 'mesh'));
  expect(paths.topology).toBe('mesh');
  expect(built).toHaveLength(3);
});

test('what was said is said again when the server is back', async () => {
  paths.event(event('prepare', 'sfu'));
  sfu().begin();
  await later(1_000);
  paths.repeat();
  expect(migrated).toHaveBeenCalledTimes(2);
});

test('events of moves that are over are passed over', () => {
  paths.event(event('prepare', 'sfu'));
  const old = epoch;
  paths.event(event('abort', 'mesh'));
  paths.event(event('prepare', 'sfu'));
  paths.event({ epoch: old, phase: 'commit', topology: 'sfu', reason: 'participants' });
  expect(paths.topology).toBe('mesh');
});

test('in a room that was made anew, moves are counted anew', async () => {
  for (let n = 0; n < 3; n++) {
    paths.event(event('prepare', 'sfu'));
    paths.event(event('abort', 'mesh'));
  }
  paths.entered();
  await paths.renew('mesh', 'entered');
  paths.event({ epoch: 1, phase: 'prepare', topology: 'sfu', reason: 'participants' });
  expect(paths.next?.topology).toBe('sfu');
});

test('people are shown by the new path one after the other, and all of them before the old one closes', async () => {
  expected.push(...['bob', 'cleo'].map((participant) => ({ participant, source: 'camera' as const })));
  paths.event(event('prepare', 'sfu'));
  sfu().begin();
  await later(1_000);
  paths.event(event('commit', 'sfu'));
  const shown = () => ['ann', 'bob', 'cleo'].filter((id) => paths.media(id, 'camera') === sfu().track);
  expect(shown()).toEqual([]);
  await later(0);
  expect(shown()).toEqual(['ann']);
  await later(60);
  expect(shown()).toEqual(['ann', 'bob']);
  await later(60);
  expect(shown()).toEqual(['ann', 'bob', 'cleo']);
  expect(mesh().closed).toBe(false);
  expected.length = 1;
});

test('a path to another server is built beside the one in use, and taken when it is said so', async () => {
  await paths.renew('sfu', 'entered');
  const old = (built[1] as FakePath).begin();
  const next = new FakePath('sfu');
  const settled = vi.fn();
  void paths.beside(next as unknown as MediaPath).then(settled);
  await later(2_000);
  expect(settled).not.toHaveBeenCalled();
  next.begin();
  await later(1_000);
  expect(settled).toHaveBeenCalledExactlyOnceWith(true);
  expect(migrated).not.toHaveBeenCalled();
  expect(paths.current).toBe(old);
  paths.takeOver(next as unknown as MediaPath);
  expect(paths.current).toBe(next);
  // Those there may still be looking for our tracks.
  await later(2_500);
  expect(old.closed).toBe(false);
  await later(600);
  expect([old.closed, next.closed]).toEqual([true, false]);
});

test('a path to another server gives way to a move of the room, and to what is mended', async () => {
  await paths.renew('sfu', 'entered');
  const moves = [() => paths.event(event('prepare', 'mesh')), () => void paths.renew('sfu', 'entered')];
  for (const act of moves) {
    const next = new FakePath('sfu');
    const settled = paths.beside(next as unknown as MediaPath);
    act();
    expect(await settled).toBe(false);
    expect(next.closed).toBe(true);
  }
});

test('a path to another server that came to nothing is closed, also when its media flowed', async () => {
  await paths.renew('sfu', 'entered');
  const old = (built[1] as FakePath).begin();
  const next = new FakePath('sfu').begin();
  const settled = paths.beside(next as unknown as MediaPath);
  await later(1_000);
  expect(await settled).toBe(true);
  paths.giveUp(next as unknown as MediaPath);
  expect([next.closed, paths.next, paths.current]).toEqual([true, null, old]);
});
