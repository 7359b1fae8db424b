import type { Quality, RoomStats } from '@efir/client';
import { useRoom } from '@efir/react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Sample, scaleTop, stepPath, within } from './chart-path.js';
import { SidePanel } from './side-panel.js';

const SPAN_MS = 60_000;
const REFRESH_MS = 1_000;
const LINES = ['wanted', 'estimate', 'sent'] as const;
const SIZE = { width: 280, height: 120 } as const;

interface Measured {
  now: number;
  quality: Quality | null;
  samples: Sample[];
  stats: RoomStats | null;
}

/** The last minute of the path from the server, each second. */
function useMeasured(): Measured {
  const room = useRoom();
  const samples = useRef<Sample[]>([]);
  const [measured, setMeasured] = useState<Measured>({ now: 0, quality: room.quality, samples: [], stats: null });
  useEffect(() => {
    let gone = false;
    const keep = (quality: Quality | null) => {
      const now = performance.now();
      if (!quality) samples.current = [];
      else {
        const { estimateBps: estimate, sentBps: sent, wantedBps: wanted } = quality;
        samples.current = [...within(samples.current, now - SPAN_MS), { at: now, estimate, sent, wanted }];
      }
    };
    const look = async () => {
      const stats = await room.stats().catch(() => null);
      if (gone) return;
      const now = performance.now();
      samples.current = within(samples.current, now - SPAN_MS);
      setMeasured({ now, quality: room.quality, samples: samples.current, stats });
    };
    keep(room.quality);
    void look();
    const stop = room.on('quality', ({ quality }) => keep(quality));
    const timer = setInterval(() => void look(), REFRESH_MS);
    return () => {
      gone = true;
      stop();
      clearInterval(timer);
    };
  }, [room]);
  return measured;
}

/** Charts of the path from the server: what it carries, what is sent, what would be; and what each tile gets of it. */
export function ChartsPanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { now, quality, samples, stats } = useMeasured();
  const rate = (bps: number) =>
    bps >= 1e6
      ? t('settings.mbps', { value: (bps / 1e6).toFixed(1) })
      : t('settings.kbps', { value: Math.round(bps / 1e3) });
  return (
    <SidePanel name="charts" label={t('charts.heading')} heading={t('charts.heading')} onClose={onClose}>
      <div className="charts">
        {quality ? (
          <>
            <Chart now={now} samples={samples} rate={rate} />
            <Legend quality={quality} rate={rate} />
            <Path quality={quality} stats={stats} />
            <Tiles quality={quality} rate={rate} />
          </>
        ) : (
          <p className="faint">{t('charts.none')}</p>
        )}
      </div>
    </SidePanel>
  );
}

type Rate = (bps: number) => string;

function Chart({ now, samples, rate }: { now: number; samples: Sample[]; rate: Rate }) {
  const { t } = useTranslation();
  const top = scaleTop(samples);
  const frame = { ...SIZE, spanMs: SPAN_MS, now, top };
  const last = samples.at(-1);
  const label = last
    ? t('charts.label', { estimate: rate(last.estimate), sent: rate(last.sent), wanted: rate(last.wanted) })
    : t('charts.heading');
  return (
    <figure>
      <svg viewBox={`0 0 ${SIZE.width} ${SIZE.height}`} role="img" aria-label={label}>
        {[0.25, 0.5, 0.75].map((part) => (
          <path key={part} className="chart-grid" d={`M0 ${SIZE.height * part}H${SIZE.width}`} />
        ))}
        {LINES.map((line) => (
          <path key={line} className={`chart-line chart-${line}`} d={stepPath(samples, line, frame)} />
        ))}
      </svg>
      <figcaption>
        <span>{t('charts.span')}</span>
        <span>{rate(top)}</span>
      </figcaption>
    </figure>
  );
}

function Legend({ quality, rate }: { quality: Quality; rate: Rate }) {
  const { t } = useTranslation();
  const values = { wanted: quality.wantedBps, estimate: quality.estimateBps, sent: quality.sentBps };
  return (
    <dl className="figures chart-legend">
      {LINES.map((line) => (
        <div key={line}>
          <dt>
            <svg width="26" height="8" aria-hidden="true">
              <path className={`chart-line chart-${line}`} d="M0 4H26" />
            </svg>
            {t(`charts.${line}`)}
          </dt>
          <dd>{rate(values[line])}</dd>
        </div>
      ))}
    </dl>
  );
}

function Path({ quality, stats }: { quality: Quality; stats: RoomStats | null }) {
  const { t } = useTranslation();
  const none = t('settings.none');
  const ms = (value: number | null | undefined) =>
    typeof value === 'number' ? t('settings.ms', { value: Math.round(value) }) : none;
  /** How long it is held, and how long the browser means to hold it. */
  const held = (kind: 'audio' | 'video') => {
    const known = (stats?.tracks ?? []).filter((track) => track.direction === 'in' && track.kind === kind);
    const value = ms(average(known.map(({ jitterBufferMs }) => jitterBufferMs)));
    const target = average(known.map(({ jitterBufferTargetMs }) => jitterBufferTargetMs));
    return target === null ? value : t('charts.aims', { value, target: ms(target) });
  };
  return (
    <dl className="figures">
      <dt>{t('settings.roundTrip')}</dt>
      <dd>{ms(quality.roundTripMs)}</dd>
      <dt>{t('charts.loss')}</dt>
      <dd>{t('charts.percent', { value: (quality.lossShare * 100).toFixed(1) })}</dd>
      <dt>{t('charts.heldAudio')}</dt>
      <dd>{held('audio')}</dd>
      <dt>{t('charts.heldVideo')}</dt>
      <dd>{held('video')}</dd>
    </dl>
  );
}

function average(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

function Tiles({ quality, rate }: { quality: Quality; rate: Rate }) {
  const { t } = useTranslation();
  const room = useRoom();
  const pictures = quality.streams.filter(({ source }) => source === 'camera' || source === 'screen');
  const most = Math.max(1, ...pictures.map(({ bitrateBps }) => bitrateBps));
  return (
    <table className="chart-tiles">
      <thead>
        <tr>
          <th scope="col">{t('charts.tile')}</th>
          <th scope="col">{t('charts.layer')}</th>
          <th scope="col">{t('charts.rate')}</th>
        </tr>
      </thead>
      <tbody>
        {pictures.map(({ participant, source, spatial, temporal, bitrateBps, paused }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: one person may be there twice, on stage and small.
          <tr key={`${participant}/${source}/${index}`} data-paused={paused || undefined}>
            <th scope="row">{room.participant(participant)?.name ?? '…'}</th>
            <td>{paused || spatial < 0 ? t(paused ? 'charts.paused' : 'charts.off') : `S${spatial} T${temporal}`}</td>
            <td>
              <span className="chart-bar" style={{ inlineSize: `${(bitrateBps / most) * 100}%` }} aria-hidden="true" />
              {rate(bitrateBps)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
