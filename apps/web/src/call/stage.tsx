import { useParticipants } from '@efir/react';
import { useRef } from 'react';
import { gridLayout } from './grid-layout.js';
import { Tile } from './tile.js';
import { useScreens } from './use-screens.js';
import { useSize } from './use-size.js';

/** Everybody's pictures: a grid, or a shared screen with the people beside it. */
export function Stage() {
  const participants = useParticipants();
  const screens = useScreens();
  const [first, ...more] = screens;
  if (!first) return <Grid />;
  return (
    <div className="stage stage-screen">
      <Tile key={`${first.id}/screen`} participant={first} source="screen" />
      <div className="filmstrip">
        {more.map((participant) => (
          <Tile key={`${participant.id}/screen`} participant={participant} source="screen" />
        ))}
        {participants.map((participant) => (
          <Tile key={participant.isLocal ? 'local' : participant.id} participant={participant} source="camera" />
        ))}
      </div>
    </div>
  );
}

function Grid() {
  const participants = useParticipants();
  const element = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(element);
  const gap = width < 600 ? 8 : 12;
  const layout = gridLayout(participants.length, { width, height, gap });
  return (
    <div ref={element} className="stage stage-grid" data-scrolls={layout.scrolls || undefined} style={{ gap }}>
      {participants.map((participant) => (
        <Tile
          key={participant.isLocal ? 'local' : participant.id}
          participant={participant}
          source="camera"
          style={{ width: layout.width, height: layout.height }}
        />
      ))}
    </div>
  );
}
