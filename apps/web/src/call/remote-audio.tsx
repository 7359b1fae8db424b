import { AudioView, usePlayback, useSounds } from '@efir/react';
import { Volume2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';

/** The others' sound, and the way to start it where the browser waits for a touch. */
export function RemoteAudio({ speakerId }: { speakerId: string | undefined }) {
  const { t } = useTranslation();
  const sounds = useSounds();
  const { blocked, start } = usePlayback();
  return (
    <>
      <div hidden>
        {sounds.map(({ key, media, participant, source }) => (
          <AudioView
            key={key}
            media={media}
            speakerId={speakerId}
            data-participant={participant ?? undefined}
            data-source={source}
          />
        ))}
      </div>
      {blocked && (
        <button type="button" className="button button-primary tap-to-hear" onClick={start}>
          <Volume2 size={20} aria-hidden="true" />
          {t('call.tapToHear')}
        </button>
      )}
    </>
  );
}
