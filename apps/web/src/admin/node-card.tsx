import type { ClusterNode } from '@efir/protocol';
import { useTranslation } from 'react-i18next';
import { Figures, fullness, meters } from './figures.js';
import { CARD, type Placed } from './map-layout.js';

const PAD = 14;
const MOST_WORKERS = 24;

interface NodeCardProps {
  node: ClusterNode;
  place: Placed;
  self: boolean;
  chosen: boolean;
  /** Has no part in the room that the map is about. */
  faint: boolean;
  onChoose(): void;
}

/** A node on the map; pressed, its details are shown. */
export function NodeCard({ node, place, self, chosen, faint, onChoose }: NodeCardProps) {
  const { t } = useTranslation();
  const figures = new Figures(t);
  const { x, y, width } = place;
  const bars = meters(node, figures, t);
  const state = node.isolated ? 'isolated' : node.draining ? 'draining' : 'up';
  const line = [
    state === 'up' ? null : figures.state(node),
    state === 'isolated' ? node.isolated : node.region,
    self ? t('admin.self') : null,
  ];
  const subtitle = line.filter(Boolean).join(' · ') || figures.state(node);
  const spoken = [node.id, subtitle, ...bars.map(({ name, text }) => `${name} ${text}`)];
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no buttons.
    <g
      role="button"
      tabIndex={0}
      aria-label={spoken.join(', ')}
      aria-pressed={chosen}
      className="map-node"
      data-state={state}
      data-faint={faint || undefined}
      data-node={node.id}
      transform={`translate(${x} ${y})`}
      onClick={onChoose}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onChoose();
      }}
    >
      <title>{node.isolated ?? node.url}</title>
      <rect className="map-card" width={width} height={CARD.height} rx="14" />
      <circle className="map-light" cx={PAD + 5} cy="22" r="5" />
      <text className="map-name" x={PAD + 18} y="27">
        {cut(node.id, (width - PAD * 2 - 18) / 9)}
      </text>
      <text className="map-sub" x={PAD} y="47">
        {cut(subtitle, (width - PAD * 2) / 6.6)}
      </text>
      {bars.length === 0 && (
        <text className="map-sub" x={PAD} y="84">
          {t('admin.noReport')}
        </text>
      )}
      {bars.map(({ name, text, share }, index) => (
        <g key={name} transform={`translate(${PAD} ${70 + index * 27})`}>
          <text className="map-meter">{name}</text>
          <text className="map-value" x={width - PAD * 2}>
            {text}
          </text>
          <Bar width={width - PAD * 2} share={share} />
        </g>
      ))}
      <Workers node={node} width={width - PAD * 2} />
    </g>
  );
}

function Bar({ width, share }: { width: number; share: number | null }) {
  if (share === null) return <path className="map-endless" d={`M0 9H${width}`} />;
  const filled = Math.min(1, share) * width;
  return (
    <>
      <rect className="map-track" y="6" width={width} height="5" rx="2.5" />
      <rect className="map-fill" data-full={fullness(share)} y="6" width={filled} height="5" rx="2.5" />
    </>
  );
}

/** One column a worker, as high as it is busy. */
function Workers({ node: { workers }, width }: { node: ClusterNode; width: number }) {
  const { t } = useTranslation();
  const shown = workers.slice(0, MOST_WORKERS);
  const step = Math.min(9, (width - 80) / Math.max(1, shown.length));
  return (
    <g transform={`translate(${PAD} ${CARD.height - 12})`}>
      <text className="map-meter">{`${t('admin.workers')}: ${workers.length}`}</text>
      {shown.map(({ index, cpu }, at) => {
        const busy = Math.min(1, cpu);
        const x = width - (shown.length - at) * step;
        return (
          <g key={index}>
            <rect className="map-track" x={x} y="-12" width={step - 2} height="13" rx="1.5" />
            <rect
              className="map-fill"
              data-full={fullness(busy)}
              x={x}
              y={1 - 13 * busy}
              width={step - 2}
              height={13 * busy}
              rx="1.5"
            />
          </g>
        );
      })}
    </g>
  );
}

function cut(text: string, characters: number): string {
  const most = Math.max(4, Math.floor(characters));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
