import type { Participant } from '@efir/client';
import { AudioView, useParticipants, usePlayback, useTrack } from '@efir/react';
import { Volume2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';

const SOURCES = ['microphone', 'screen-audio'] as const;

/** The others' sound, and the way to start it where the browser waits for a touch. */
export function RemoteAudio({ speakerId }: { speakerId: string | undefined }) {
  const { t } = useTranslation();
  const participants = useParticipants();
  const { blocked, start } = usePlayback();
  return (
    <>
      <div hidden>
        {participants
          .filter(({ isLocal }) => !isLocal)
          .flatMap((participant) =>
            SOURCES.map((source) => (
              <Sound
                key={`${participant.id}/${source}`}
                participant={participant}
                source={source}
                speakerId={speakerId}
              />
            )),
          )}
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

interface SoundProps {
  participant: Participant;
  source: (typeof SOURCES)[number];
  speakerId: string | undefined;
}

function Sound({ participant, source, speakerId }: SoundProps) {
  const { media } = useTrack(participant, source);
  if (!media) return null;
  return <AudioView media={media} speakerId={speakerId} data-participant={participant.id} data-source={source} />;
}
