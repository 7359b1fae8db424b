import type { Participant } from '@efir/client';
import { useParticipants, useSpeaker, useStage, useView } from '@efir/react';
import { type RefObject, useMemo, useRef } from 'react';
import { gridLayout } from './grid-layout.js';
import { PageTurner } from './page-turner.js';
import { pageCapacity, pageOf, peoplePage, TOGETHER } from './pages.js';
import { type Focus, focusOf, type Sized, viewTiles } from './stage-plan.js';
import { Tile } from './tile.js';
import { usePages } from './use-pages.js';
import { useScreens } from './use-screens.js';
import { useSize } from './use-size.js';
import type { Viewing } from './use-viewing.js';
import { useWithVideo } from './use-with-video.js';

/** Px of a tile beside the large one, and under it where the window is narrow. */
const STRIP = { width: 208, height: 130, narrowWidth: 112, narrowHeight: 84, gap: 10 } as const;

const keyOf = ({ participant, source }: { participant: Participant; source: string }): string =>
  `${participant.isLocal ? 'local' : participant.id}/${source}`;

/** Everybody's pictures by the page: a grid, or one of them large with the others beside it. */
export function Stage({ viewing }: { viewing: Viewing }) {
  const everybody = useParticipants();
  const screens = useScreens();
  const stage = useStage();
  const participants = useWithVideo(everybody, viewing.hideEmpty);
  const focus = focusOf({ participants: everybody, screens, speaker: stage?.participant ?? null, viewing });
  return focus ? (
    <Focused focus={focus} participants={participants} screens={screens} viewing={viewing} />
  ) : (
    <Grid participants={participants} viewing={viewing} />
  );
}

interface StageProps {
  participants: readonly Participant[];
  viewing: Viewing;
}

function Grid({ participants, viewing }: StageProps) {
  const element = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(element);
  const speaker = useSpeaker();
  const gap = width < 600 ? 8 : 12;
  const capacity = pageCapacity({ width, height, gap });
  const { pages } = peoplePage(participants, capacity, 0);
  const { page, turn } = usePages(element, pages);
  const { shown } = peoplePage(participants, capacity, page);
  const layout = gridLayout(shown.length, { width, height, gap });
  const tiles = shown.map(
    (participant): Sized => ({ participant, source: 'camera', width: layout.width, height: layout.height }),
  );
  useTold(null, tiles, speaker);
  return (
    <div className="stage">
      <div
        ref={element}
        className="stage-grid"
        data-page={page}
        data-pages={pages}
        data-scrolls={layout.scrolls || undefined}
        style={{ gap }}
      >
        {tiles.map(({ participant, source, width, height }) => (
          <Tile key={keyOf({ participant, source })} {...{ participant, source, viewing }} style={{ width, height }} />
        ))}
      </div>
      <PageTurner page={page} pages={pages} turn={turn} />
    </div>
  );
}

function Focused({ focus, participants, screens, viewing }: StageProps & { focus: Focus; screens: Participant[] }) {
  const element = useRef<HTMLDivElement>(null);
  const large = useRef<HTMLDivElement>(null);
  const strip = useRef<HTMLDivElement>(null);
  const size = useSize(large);
  const stage = useStage();
  const { narrow, capacity } = useStripCapacity(strip);
  // Who is pinned is seen already; whoever speaks stays in their place, or all would move at each word.
  const apart = focus.why === 'speaker' ? null : keyOf(focus);
  const all = [
    ...screens.map((participant) => ({ participant, source: 'screen' as const })),
    ...participants.map((participant) => ({ participant, source: 'camera' as const })),
  ].filter((tile) => keyOf(tile) !== apart);
  const perPage = all.length <= TOGETHER ? TOGETHER : capacity;
  const { pages } = pageOf(all, perPage, 0);
  const { page, turn } = usePages(element, pages);
  const { shown } = pageOf(all, perPage, page);
  const width = narrow ? STRIP.narrowWidth : STRIP.width;
  const height = narrow ? STRIP.narrowHeight : STRIP.height;
  useTold(
    { ...focus, ...size },
    shown.map((tile) => ({ ...tile, width, height })),
    null,
  );
  const { participant, source, why } = focus;
  const followed = why === 'speaker' && stage?.participant === participant ? stage.media : undefined;
  return (
    <div ref={element} className="stage stage-focus" data-page={page} data-pages={pages}>
      <div ref={large} className="stage-large">
        <Tile key={keyOf(focus)} {...{ participant, source, viewing }} media={followed} large={why} />
      </div>
      <div className="strip">
        <div ref={strip} className="filmstrip" data-scrolls={pages === 1 || undefined}>
          {shown.map((tile) => (
            <Tile key={keyOf(tile)} {...tile} viewing={viewing} />
          ))}
        </div>
        <PageTurner page={page} pages={pages} turn={turn} />
      </div>
    </div>
  );
}

/** How many tiles the strip has room for, whichever way it goes. */
function useStripCapacity(strip: RefObject<HTMLElement | null>): { narrow: boolean; capacity: number } {
  const { width, height } = useSize(strip);
  const narrow = width > height;
  const { gap } = STRIP;
  const fit = narrow ? (width + gap) / (STRIP.narrowWidth + gap) : (height + gap) / (STRIP.height + gap);
  return { narrow, capacity: Math.max(1, Math.min(TOGETHER, Math.floor(fit))) };
}

/** Tells the room what is shown, when that changes. */
function useTold(
  focus: (Focus & { width: number; height: number }) | null,
  tiles: readonly Sized[],
  speaker: Participant | null,
): void {
  const view = viewTiles({ focus, tiles, speaker, pixelRatio: globalThis.devicePixelRatio ?? 1 });
  const text = JSON.stringify(view);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is the view.
  useView(useMemo(() => view, [text]));
}
