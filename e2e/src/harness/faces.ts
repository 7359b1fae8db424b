/**
 * What kind of picture each tile really shows, looked at in every frame that the page draws. Robots have one of a few clips:
 * one with pure colours and soft ones. These functions are sent to the browser as text, so each stands alone.
 */

export type Face = 'pure' | 'soft';

declare global {
  interface Window {
    efirFaces: { seen: { name: string; face: Face; at: number }[]; flip: Record<string, number>; descriptions: number };
  }
}

/** To be run once the call is up. */
export function watchFaces(): void {
  const state = { seen: [], flip: {}, descriptions: 0 } as Window['efirFaces'];
  window.efirFaces = state;
  for (const peer of window.efirPeers) {
    const set = peer.setLocalDescription.bind(peer);
    peer.setLocalDescription = (description?: RTCLocalSessionDescriptionInit) => {
      state.descriptions++;
      return set(description);
    };
  }
  const canvas = new OffscreenCanvas(16, 9);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const look = () => {
    for (const tile of document.querySelectorAll<HTMLElement>('article.tile[data-picture]:not([data-local])')) {
      const video = tile.querySelector('video');
      if (!video?.videoWidth || !context) continue;
      context.drawImage(video, 0, 0, 16, 9);
      const { data } = context.getImageData(0, 0, 16, 9);
      let pure = 0;
      for (let i = 0; i < data.length; i += 4) {
        const far = (value: number) => Math.min(value, 255 - value);
        if (far(data[i]) < 48 && far(data[i + 1]) < 48 && far(data[i + 2]) < 48) pure++;
      }
      state.seen.push({ name: tile.dataset.name ?? '', face: pure > 72 ? 'pure' : 'soft', at: performance.now() });
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Turns the page; ms until each of the others' tiles had its picture, by name. Those that had none within 5 s are left out. */
export async function turnPage(key: 'ArrowLeft' | 'ArrowRight'): Promise<Record<string, number>> {
  const began = performance.now();
  const pageNow = () => document.querySelector<HTMLElement>('[data-pages]')?.dataset.page;
  const before = pageNow();
  document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const waits: Record<string, number> = {};
  while (performance.now() - began < 5_000) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    if (pageNow() === before) continue;
    const tiles = [...document.querySelectorAll<HTMLElement>('article.tile:not([data-local])')];
    for (const { dataset } of tiles) {
      if (dataset.picture !== undefined) waits[dataset.name ?? ''] ??= performance.now() - began;
    }
    if (tiles.length > 0 && tiles.every(({ dataset }) => dataset.picture !== undefined)) break;
  }
  return waits;
}
