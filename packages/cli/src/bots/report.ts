/** Figures of a swarm: a line each second while it runs, a report at its end. */
import type { RobotSnapshot } from './snapshot.js';

export interface SwarmFigures {
  robots: number;
  /** Connected just now. */
  joined: number;
  /** Subscribers and publishers that got packets since the figures before. */
  receiving: number;
  failed: number;
  sendBps: number;
  receiveBps: number;
  /** Of packets received since the figures before; 0..1. */
  loss: number;
  /** Streams that wait for a key frame just now. */
  waitingForKeyFrame: number;
  /** Since the figures before. */
  freezes: number;
  /** Times that a publisher was asked for a key frame, since the figures before. */
  keyFrameRequests: number;
  /** Of all publishers together. */
  layersOn: number;
}

/** In ms. */
export interface Quantiles {
  count: number;
  p50: number;
  p95: number;
  max: number;
}

export interface SwarmReport {
  robots: number;
  publishers: number;
  subscribers: number;
  seconds: number;
  joined: number;
  receivedMedia: number;
  joinP50Ms: number | null;
  joinP99Ms: number | null;
  firstMediaP50Ms: number | null;
  firstMediaP99Ms: number | null;
  firstMediaMaxMs: number | null;
  packets: number;
  bytes: number;
  /** Averages over the whole time. */
  receiveBps: number;
  sendBps: number;
  lost: number;
  loss: number;
  repaired: number;
  frames: number;
  freezes: number;
  freezeMs: number;
  keyFrameWaits: number;
  keyFrameWaitMeanMs: number | null;
  restarts: number;
  /** From the start of a robot to its first sound, its first whole picture, and a picture in every tile of its page. */
  firstAudio: Quantiles | null;
  firstPicture: Quantiles | null;
  fullPage: Quantiles | null;
  /** From turning a page to each new face, and to the last of them. */
  newFace: Quantiles | null;
  newPage: Quantiles | null;
  missedFaces: number;
  /** From the news of who speaks to their picture in the best size. */
  stage: Quantiles | null;
  missedStages: number;
  sourceChanges: number;
  layerChanges: number;
  /** The most that any robot received at once. */
  mostVoices: number;
  mostPictures: number;
  /** Offers and answers after the first, of all robots together. */
  sdpExchanges: number;
  messagesPerRobotSecond: number;
  messageBytesPerRobotSecond: number;
  /** Of all publishers; the most that one of them got within a second. */
  keyFrameRequests: number;
  mostKeyFrameRequests: number;
  keyFrameAnswers: number;
  /** Publishers by the number of layers that they send at the end: of none, one, two, three. */
  layersOn: number[];
  /** The reasons of those that failed, and how many each. */
  failures: Record<string, number>;
}

/** `before` and `now`: the same robots, `elapsedMs` apart; robots that are new in `now` count from zero. */
export function figures(before: RobotSnapshot[], now: RobotSnapshot[], elapsedMs: number): SwarmFigures {
  const seconds = Math.max(0.001, elapsedMs / 1000);
  const grown = (key: Summed): number => Math.max(0, sum(now, key) - sum(before, key));
  const packets = grown('packets');
  const lost = grown('lost');
  return {
    robots: now.length,
    joined: now.filter(({ state }) => state === 'connected').length,
    receiving: now.filter((robot, i) => robot.packets > (before[i]?.packets ?? 0)).length,
    failed: now.filter(({ state }) => state === 'failed').length,
    sendBps: (grown('sentBytes') * 8) / seconds,
    receiveBps: (grown('bytes') * 8) / seconds,
    loss: packets + lost === 0 ? 0 : lost / (packets + lost),
    waitingForKeyFrame: sum(now, 'waitingForKeyFrame'),
    freezes: grown('freezes'),
    keyFrameRequests: grown('keyFrameRequests'),
    layersOn: sum(now, 'layersOn'),
  };
}

export function report(robots: RobotSnapshot[], elapsedMs: number): SwarmReport {
  const seconds = Math.max(0.001, elapsedMs / 1000);
  const joins = sorted(robots.map(({ joinMs }) => joinMs));
  const firsts = sorted(robots.map(({ firstMediaMs }) => firstMediaMs));
  const packets = sum(robots, 'packets');
  const lost = sum(robots, 'lost');
  const waits = sum(robots, 'keyFrameWaits');
  const failures: Record<string, number> = {};
  for (const { failure } of robots) if (failure) failures[failure] = (failures[failure] ?? 0) + 1;
  return {
    robots: robots.length,
    publishers: robots.filter(({ role }) => role === 'publisher').length,
    subscribers: robots.filter(({ role }) => role === 'subscriber').length,
    seconds: rounded(seconds, 1),
    joined: joins.length,
    receivedMedia: firsts.length,
    joinP50Ms: quantile(joins, 0.5),
    joinP99Ms: quantile(joins, 0.99),
    firstMediaP50Ms: quantile(firsts, 0.5),
    firstMediaP99Ms: quantile(firsts, 0.99),
    firstMediaMaxMs: quantile(firsts, 1),
    packets,
    bytes: sum(robots, 'bytes'),
    receiveBps: Math.round((sum(robots, 'bytes') * 8) / seconds),
    sendBps: Math.round((sum(robots, 'sentBytes') * 8) / seconds),
    lost,
    loss: packets + lost === 0 ? 0 : rounded(lost / (packets + lost), 5),
    repaired: sum(robots, 'repaired'),
    frames: sum(robots, 'frames'),
    freezes: sum(robots, 'freezes'),
    freezeMs: Math.round(sum(robots, 'freezeMs')),
    keyFrameWaits: waits,
    keyFrameWaitMeanMs: waits === 0 ? null : Math.round(sum(robots, 'keyFrameWaitMs') / waits),
    restarts: sum(robots, 'restarts'),
    ...viewed(robots),
    ...published(robots),
    sdpExchanges: sum(robots, 'sdpExchanges'),
    messagesPerRobotSecond: rounded(sum(robots, 'messages') / seconds / Math.max(1, robots.length), 2),
    messageBytesPerRobotSecond: Math.round(sum(robots, 'messageBytes') / seconds / Math.max(1, robots.length)),
    failures,
  };
}

function viewed(robots: RobotSnapshot[]) {
  return {
    firstAudio: quantiles(robots.map(({ firstAudioMs }) => firstAudioMs)),
    firstPicture: quantiles(robots.map(({ firstPictureMs }) => firstPictureMs)),
    fullPage: quantiles(robots.map(({ fullPageMs }) => fullPageMs)),
    newFace: quantiles(robots.flatMap(({ tileMs }) => tileMs)),
    newPage: quantiles(robots.flatMap(({ pageMs }) => pageMs)),
    missedFaces: sum(robots, 'missedTiles'),
    stage: quantiles(robots.flatMap(({ stageMs }) => stageMs)),
    missedStages: sum(robots, 'missedStages'),
    sourceChanges: sum(robots, 'sourceChanges'),
    layerChanges: sum(robots, 'layerChanges'),
    mostVoices: robots.reduce((most, robot) => Math.max(most, robot.mostVoices), 0),
    mostPictures: robots.reduce((most, robot) => Math.max(most, robot.mostPictures), 0),
  };
}

function published(robots: RobotSnapshot[]) {
  const publishers = robots.filter(({ role }) => role === 'publisher');
  return {
    keyFrameRequests: sum(publishers, 'keyFrameRequests'),
    mostKeyFrameRequests: publishers.reduce((most, robot) => Math.max(most, robot.mostKeyFrameRequests), 0),
    keyFrameAnswers: sum(publishers, 'keyFrameAnswers'),
    layersOn: [0, 1, 2, 3].map((layers) => publishers.filter(({ layersOn }) => layersOn === layers).length),
  };
}

/** One line for the terminal. */
export function figuresLine(seconds: number, f: SwarmFigures): string {
  return [
    `${String(Math.round(seconds)).padStart(4)} s`,
    `joined ${f.joined}/${f.robots}`,
    `receiving ${f.receiving}`,
    `in ${bitrate(f.receiveBps)}`,
    `out ${bitrate(f.sendBps)}`,
    `loss ${percent(f.loss)}`,
    `key-frame waits ${f.waitingForKeyFrame}`,
    `freezes ${f.freezes}`,
    `PLIs ${f.keyFrameRequests}`,
    `layers on ${f.layersOn}`,
    ...(f.failed > 0 ? [`failed ${f.failed}`] : []),
  ].join('  ');
}

export function reportText(r: SwarmReport): string {
  const lines = [
    `${r.publishers} publishers, ${r.subscribers} subscribers, ${r.seconds} s`,
    `joined          ${r.joined} of ${r.robots}, in ${ms(r.joinP50Ms)} (median), ${ms(r.joinP99Ms)} (99 %)`,
    `first media     ${r.receivedMedia} of ${r.robots}, after ${ms(r.firstMediaP50Ms)} (median), ${ms(r.firstMediaP99Ms)} (99 %), ${ms(r.firstMediaMaxMs)} (last)`,
    `received        ${r.packets} packets, ${bitrate(r.receiveBps)} on average`,
    `sent            ${bitrate(r.sendBps)} on average`,
    `lost            ${r.lost} packets (${percent(r.loss)}), ${r.repaired} more were repaired`,
    `pictures        ${r.frames} frames, ${r.freezes} freezes (${(r.freezeMs / 1000).toFixed(1)} s), ${r.keyFrameWaits} waits for a key frame (${ms(r.keyFrameWaitMeanMs)} on average)`,
  ];
  const rows: [string, Quantiles | null, string?][] = [
    ['first sound', r.firstAudio],
    ['first picture', r.firstPicture],
    ['full page', r.fullPage],
    ['new face', r.newFace, `, ${r.missedFaces} missed`],
    ['new page', r.newPage],
    ['speaker large', r.stage, `, ${r.missedStages} missed`],
  ];
  for (const [name, times, more = ''] of rows) {
    if (!times) continue;
    const figures = `${ms(times.p50)} (median), ${ms(times.p95)} (95 %), ${ms(times.max)} (last)`;
    lines.push(`${name.padEnd(15)} ${figures}, ${times.count} times${more}`);
  }
  lines.push(
    `at once         ${r.mostPictures} pictures and ${r.mostVoices} voices at most; ${r.sourceChanges} changes of source, ${r.layerChanges} of size`,
    `signalling      ${r.messagesPerRobotSecond} messages and ${r.messageBytesPerRobotSecond} bytes a second for each, ${r.sdpExchanges} SDP exchanges after the first`,
  );
  if (r.publishers > 0) {
    lines.push(
      `key frames      asked for ${r.keyFrameRequests} times, at most ${r.mostKeyFrameRequests} a second of one publisher; ${r.keyFrameAnswers} sent for it`,
      `layers          ${r.layersOn.map((count, layers) => `${count} send ${layers}`).join(', ')}`,
    );
  }
  if (r.restarts > 0) lines.push(`restarts        ${r.restarts}`);
  for (const [reason, count] of Object.entries(r.failures)) lines.push(`failed          ${count}: ${reason}`);
  return lines.join('\n');
}

type Summed = { [K in keyof RobotSnapshot]: RobotSnapshot[K] extends number ? K : never }[keyof RobotSnapshot];

function sum(robots: RobotSnapshot[], key: Summed): number {
  return robots.reduce((total, robot) => total + robot[key], 0);
}

function sorted(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null).sort((a, b) => a - b);
}

function quantiles(values: readonly (number | null)[]): Quantiles | null {
  const ascending = sorted(values);
  if (ascending.length === 0) return null;
  const at = (q: number) => quantile(ascending, q)!;
  return { count: ascending.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}

function quantile(ascending: number[], q: number): number | null {
  if (ascending.length === 0) return null;
  return Math.round(ascending[Math.max(0, Math.ceil(q * ascending.length) - 1)]);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function bitrate(bps: number): string {
  if (bps >= 1e9) return `${(bps / 1e9).toFixed(2)} Gbps`;
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbps` : `${Math.round(bps / 1000)} kbps`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;
}

function ms(value: number | null): string {
  return value === null ? '-' : `${value} ms`;
}
