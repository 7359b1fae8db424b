import { Maximize, Minimize, Volume2, VolumeX } from 'lucide-react';
import { type RefObject, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../ui/icon-button.js';

interface WatchBarProps {
  muted: boolean;
  volume: number;
  onMuted(muted: boolean): void;
  onVolume(volume: number): void;
  /** What fills the screen. */
  stage: RefObject<HTMLElement | null>;
}

/** Sound and full screen; `M` and `F` do the same, arrows turn the volume. */
export function WatchBar({ muted, volume, onMuted, onVolume, stage }: WatchBarProps) {
  const { t } = useTranslation();
  const { full, toggle, possible } = useFullScreen(stage);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const key = event.key.toLowerCase();
      const slider = event.target instanceof HTMLInputElement;
      if (key === 'm') onMuted(!muted);
      else if (key === 'f' && possible) toggle();
      else if (!slider && (key === 'arrowup' || key === 'arrowdown')) {
        event.preventDefault();
        onVolume(Math.min(1, Math.max(0, volume + (key === 'arrowup' ? 0.1 : -0.1))));
      }
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [muted, volume, onMuted, onVolume, toggle, possible]);
  const silent = muted || volume === 0;
  return (
    <div className="watch-bar" role="toolbar" aria-label={t('watch.controls')}>
      <IconButton
        icon={silent ? VolumeX : Volume2}
        label={t(silent ? 'watch.unmute' : 'watch.mute')}
        shortcut="M"
        onClick={() => {
          if (volume === 0) onVolume(1);
          else onMuted(!muted);
        }}
      />
      <input
        type="range"
        className="watch-volume"
        aria-label={t('watch.volume')}
        aria-valuetext={t('charts.percent', { value: Math.round((muted ? 0 : volume) * 100) })}
        min="0"
        max="1"
        step="0.05"
        value={muted ? 0 : volume}
        onChange={(event) => onVolume(Number(event.target.value))}
      />
      {possible && (
        <IconButton
          className="watch-full"
          icon={full ? Minimize : Maximize}
          label={t(full ? 'watch.leaveFull' : 'watch.full')}
          shortcut="F"
          onClick={toggle}
        />
      )}
    </div>
  );
}

/** iPhones let only a video fill the screen, by a call of their own. */
type AppleVideo = HTMLVideoElement & { webkitEnterFullscreen?(): void };

function useFullScreen(stage: RefObject<HTMLElement | null>) {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  const toggle = () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (document.fullscreenEnabled) stage.current?.requestFullscreen().catch(() => {});
    else stage.current?.querySelector<AppleVideo>('video[data-front]')?.webkitEnterFullscreen?.();
  };
  return {
    full,
    toggle,
    possible: document.fullscreenEnabled || 'webkitEnterFullscreen' in HTMLVideoElement.prototype,
  };
}
