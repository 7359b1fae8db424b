import { kindOf } from '../track.js';
import { isShown, type Tile, VOICES } from '../view/view.js';
import type { ExpectedTrack } from './readiness.js';
import type { SfuPath } from './sfu-path.js';

interface View {
  tiles: readonly Tile[];
  audioOnly: boolean;
  hidden: boolean;
}

/**
 * Of what others publish, what is to come by a new path: with a view the pictures that are shown, and of many voices those
 * that have a section for themselves; whoever is loudest can't be waited for.
 */
export function awaitedTracks(
  live: readonly ExpectedTrack[],
  view: View | null,
  sfu: Pick<SfuPath, 'assigned' | 'voices' | 'receiver'> | null,
): ExpectedTrack[] {
  if (!view) return [...live];
  const noPictures = view.audioOnly || view.hidden;
  const voices = live.filter(({ source }) => kindOf(source) === 'audio').length;
  return live.filter(({ participant, source }) => {
    if (kindOf(source) === 'video') return !noPictures && isShown(view.tiles, participant, source);
    if (voices <= VOICES || !sfu?.assigned) return true;
    return sfu.voices().length === 0 && sfu.receiver(participant, source) !== undefined;
  });
}
