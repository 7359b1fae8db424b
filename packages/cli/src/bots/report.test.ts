import { expect, test } from 'vitest';
import { figures, figuresLine, report, reportText } from './report.js';
import { emptySnapshot, type RobotSnapshot } from './snapshot.js';

const robot = (fields: Partial<RobotSnapshot>): RobotSnapshot => ({ ...emptySnapshot(), ...fields });

test('figures are what has changed since the ones before', () => {
  const before = [robot({ packets: 100, bytes: 1000, lost: 5, sentBytes: 0 })];
  const now = [
    robot({ state: 'connected', packets: 190, bytes: 2000, lost: 15, freezes: 1 }),
    robot({ state: 'connected', sentBytes: 5000, waitingForKeyFrame: 2 }),
    robot({ state: 'failed' }),
  ];
  expect(figures(before, now, 2000)).toEqual({
    robots: 3,
    joined: 2,
    receiving: 1,
    failed: 1,
    sendBps: 20_000,
    receiveBps: 4000,
    loss: 0.1,
    waitingForKeyFrame: 2,
    freezes: 1,
    keyFrameRequests: 0,
    layersOn: 0,
  });
});

test('nothing received is no loss', () => {
  expect(figures([], [robot({})], 1000).loss).toBe(0);
  expect(report([robot({})], 1000)).toMatchObject({ loss: 0, joinP50Ms: null, keyFrameWaitMeanMs: null });
});

test('the report has quantiles of joins and counts reasons of failures', () => {
  const robots = Array.from({ length: 100 }, (_, i) =>
    robot({ joinMs: i + 1, firstMediaMs: 2 * (i + 1), packets: 10, keyFrameWaits: 1, keyFrameWaitMs: 30 }),
  );
  robots.push(robot({ state: 'failed', failure: 'timeout' }), robot({ state: 'failed', failure: 'timeout' }));
  const figures = report(robots, 10_000);
  expect(figures).toMatchObject({
    robots: 102,
    joined: 100,
    joinP50Ms: 50,
    joinP99Ms: 99,
    firstMediaMaxMs: 200,
    keyFrameWaitMeanMs: 30,
    failures: { timeout: 2 },
  });
  expect(reportText(figures)).toContain('failed          2: timeout');
});

test('the live line is short and has units', () => {
  const line = figuresLine(12, figures([], [robot({ state: 'connected', bytes: 2_500_000, packets: 1 })], 1000));
  expect(line).toBe(
    '  12 s  joined 1/1  receiving 1  in 20.0 Mbps  out 0 kbps  loss 0.00 %  key-frame waits 0  freezes 0  PLIs 0  layers on 0',
  );
});

test('pages, speakers and key frames are told as quantiles and as the worst of all', () => {
  const robots = [
    robot({ role: 'publisher', keyFrameRequests: 5, mostKeyFrameRequests: 2, keyFrameAnswers: 4, layersOn: 3 }),
    robot({ role: 'publisher', keyFrameRequests: 1, mostKeyFrameRequests: 1, keyFrameAnswers: 1 }),
    robot({ tileMs: [100, 300], pageMs: [300], missedTiles: 1, mostPictures: 10, mostVoices: 3, fullPageMs: 900 }),
    robot({ tileMs: [200], pageMs: [200], stageMs: [400], mostPictures: 9, sdpExchanges: 1, messages: 40 }),
  ];
  const figures = report(robots, 10_000);
  expect(figures).toMatchObject({
    newFace: { count: 3, p50: 200, p95: 300, max: 300 },
    newPage: { count: 2, p50: 200, max: 300 },
    fullPage: { count: 1, p50: 900 },
    firstAudio: null,
    missedFaces: 1,
    stage: { count: 1, max: 400 },
    mostPictures: 10,
    mostVoices: 3,
    sdpExchanges: 1,
    messagesPerRobotSecond: 1,
    keyFrameRequests: 6,
    mostKeyFrameRequests: 2,
    keyFrameAnswers: 5,
    layersOn: [1, 0, 0, 1],
  });
  const text = reportText(figures);
  expect(text).toContain('new face        200 ms (median), 300 ms (95 %), 300 ms (last), 3 times, 1 missed');
  expect(text).not.toContain('first sound');
});
