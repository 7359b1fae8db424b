import type { ClusterRoom, ClusterView } from '@efir/protocol';
import type { TFunction } from 'i18next';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useSize } from '../call/use-size.js';
import { type Bundle, bundle, linkLook, linkWidth } from './bundles.js';
import { Figures } from './figures.js';
import { type Drawn, drawLinks } from './link-path.js';
import { layOut } from './map-layout.js';
import { NodeCard } from './node-card.js';

interface ClusterMapProps {
  view: ClusterView;
  /** The only one that the map is about; null: all. */
  room: ClusterRoom | null;
  chosen: string;
  onChoose(node: string): void;
}

/** Nodes and the links between them. */
export function ClusterMap({ view, room, chosen, onChoose }: ClusterMapProps) {
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const { width } = useSize(frame);
  const links = bundle(room ? view.links.filter((link) => link.room === room.id) : view.links);
  const rooms = room ? [room] : view.rooms;
  const layout = layOut({ width, nodes: view.nodes.map(({ id }) => id), links, rooms });
  const byKey = new Map(links.map((link) => [link.key, link]));
  const figures = new Figures(t);
  const texts = new Map(links.map((link) => [link.key, plateText(link, layout.outline, figures, t)]));
  const drawn = drawLinks(
    layout,
    links.map((link) => ({ ...link, labelWidth: plateWidth(texts.get(link.key) ?? '') })),
  );
  const nodes = new Map(view.nodes.map((node) => [node.id, node]));
  const parts = room && new Set(room.nodes.map(({ node }) => node));
  return (
    <div className="map" ref={frame}>
      {width > 0 && (
        // biome-ignore lint/a11y/useSemanticElements: a group of nodes and links, not of form fields.
        <svg
          role="group"
          aria-label={t('admin.map')}
          width={layout.width}
          height={layout.height}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
        >
          <defs>
            {(['none', 'some', 'much', 'standby', 'down'] as const).map((level) => (
              <marker
                key={level}
                id={`arrow-${level}`}
                className="map-arrow"
                data-loss={level}
                markerUnits="userSpaceOnUse"
                markerWidth="14"
                markerHeight="14"
                refX="11"
                refY="7"
                orient="auto"
              >
                <path d="M1 2L12 7L1 12Z" />
              </marker>
            ))}
          </defs>
          {drawn.map((line) => (
            <LinkLine key={line.key} line={line} link={byKey.get(line.key) as Bundle} />
          ))}
          {layout.nodes.map((place) => {
            const node = nodes.get(place.id);
            return (
              node && (
                <NodeCard
                  key={place.id}
                  node={node}
                  place={place}
                  self={place.id === view.self}
                  chosen={place.id === chosen}
                  faint={parts !== null && !parts.has(place.id)}
                  onChoose={() => onChoose(place.id)}
                />
              )
            );
          })}
          {drawn.map((line) => (
            <LinkText
              key={line.key}
              line={line}
              link={byKey.get(line.key) as Bundle}
              text={texts.get(line.key) ?? ''}
            />
          ))}
        </svg>
      )}
    </div>
  );
}

function LinkLine({ line, link }: { line: Drawn; link: Bundle }) {
  const level = linkLook(link);
  return (
    <path
      className="map-link"
      data-loss={level}
      d={line.path}
      strokeWidth={linkWidth(link.bitrateBps)}
      markerEnd={`url(#arrow-${level})`}
    />
  );
}

/** In the outline it says where it comes from, as lines are hard to follow there. */
function plateText(link: Bundle, outline: boolean, figures: Figures, t: TFunction): string {
  const { from, bitrateBps, lossShare, state } = link;
  const rate = state === 'connected' ? figures.rate(bitrateBps) : figures.linkState(state);
  const text = lossShare >= 0.001 ? t('admin.plate', { rate, loss: figures.share(lossShare) }) : rate;
  return outline ? `${from.length > 14 ? `${from.slice(0, 13)}…` : from} → ${text}` : text;
}

function plateWidth(text: string): number {
  return text.length * 6.7 + 16;
}

/** Figures of a link on a plate of their own, so that they are read on any line. */
function LinkText({ line: { label }, link, text }: { line: Drawn; link: Bundle; text: string }) {
  const { t } = useTranslation();
  const figures = new Figures(t);
  const { from, to, bitrateBps, lossShare, state, rooms, rttMs } = link;
  const width = plateWidth(text);
  const described = { from, to, rate: figures.rate(bitrateBps), loss: figures.share(lossShare) };
  const spoken = [t('admin.link', described), figures.linkState(state), t('admin.linkRooms', { count: rooms })];
  if (rttMs !== null) spoken.push(`${t('admin.roundTrip')} ${figures.ms(rttMs)}`);
  return (
    <g className="map-plate" data-loss={linkLook(link)} transform={`translate(${label.x} ${label.y})`}>
      <title>{spoken.join(', ')}</title>
      <rect x={-width / 2} y="-11" width={width} height="22" rx="11" />
      <text y="4.5">{text}</text>
    </g>
  );
}
