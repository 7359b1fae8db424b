import type { ClusterNode } from '@efir/protocol';
import type { TFunction } from 'i18next';

/** Figures as people read them. */
export class Figures {
  constructor(private readonly t: TFunction) {}

  rate(bps: number): string {
    if (bps >= 1e9) return this.t('admin.gbps', { value: short(bps / 1e9) });
    if (bps >= 1e6) return this.t('settings.mbps', { value: short(bps / 1e6) });
    return this.t('settings.kbps', { value: Math.round(bps / 1e3) });
  }

  share(value: number): string {
    const percent = value * 100;
    return this.t('charts.percent', { value: percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent) });
  }

  ms(value: number | null): string {
    if (value === null) return this.t('settings.none');
    return this.t('settings.ms', { value: value < 10 ? value.toFixed(1) : Math.round(value) });
  }

  bytes(value: number): string {
    return this.t('admin.mb', { value: Math.round(value / 1e6) });
  }

  of(value: string | number, limit: string | number | null): string {
    return limit === null ? String(value) : this.t('admin.of', { value, limit });
  }

  state(node: ClusterNode): string {
    const { isolated, draining } = node;
    return this.t(isolated ? 'admin.isolated' : draining ? 'admin.draining' : 'admin.up');
  }

  linkState(state: string): string {
    return this.t(`admin.linkState_${state}`, { defaultValue: state });
  }
}

/** Three digits, no noughts behind the point. */
function short(value: number): string {
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

export interface Meter {
  name: string;
  text: string;
  /** 0..1; null: there is no limit to measure against. */
  share: number | null;
}

/** What a node is busy with, against what it may be. Empty before its first report. */
export function meters({ load, limits }: ClusterNode, figures: Figures, t: TFunction): Meter[] {
  if (!load) return [];
  const against = (value: number, limit: number | null) => (limit ? value / limit : limit === 0 ? 1 : null);
  const { viewers, bandwidthBps } = limits;
  const bandwidth = bandwidthBps === null ? null : figures.rate(bandwidthBps);
  return [
    { name: t('admin.cpu'), text: figures.share(load.cpu), share: load.cpu },
    {
      name: t('admin.sent'),
      text: figures.of(figures.rate(load.sendBps), bandwidth),
      share: against(load.sendBps, bandwidthBps),
    },
    { name: t('admin.viewers'), text: figures.of(load.viewers, viewers), share: against(load.viewers, viewers) },
  ];
}

export function fullness(share: number): 'low' | 'high' | 'full' {
  return share < 0.7 ? 'low' : share < 0.9 ? 'high' : 'full';
}
