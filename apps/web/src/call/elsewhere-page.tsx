import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import type { LobbyResult } from '../lobby/lobby-page.js';
import { MessagePage } from '../ui/message-page.js';

interface ElsewherePageProps {
  /** It was here and went on in another page; otherwise it was there first. */
  moved: boolean;
  /** Devices that were opened for the call; let go if it isn't taken here. */
  media: LobbyResult['media'] | undefined;
  onUseHere: () => Promise<void>;
}

/** The call is open in another tab of this browser. */
export function ElsewherePage({ moved, media, onUseHere }: ElsewherePageProps) {
  const { t } = useTranslation();
  const [taking, setTaking] = useState(false);
  const used = useRef(false);
  useEffect(
    () => () => {
      if (!used.current) for (const track of Object.values(media ?? {})) track.stop();
    },
    [media],
  );
  const key = moved ? 'moved' : 'open';
  return (
    <MessagePage heading={t(`elsewhere.${key}`)} text={t(`elsewhere.${key}Hint`)}>
      <button
        type="button"
        className="button button-primary button-large"
        disabled={taking}
        onClick={() => {
          used.current = true;
          setTaking(true);
          void onUseHere();
        }}
      >
        {t('elsewhere.here')}
      </button>
      <Link className="button button-large" href="/">
        {t('common.home')}
      </Link>
    </MessagePage>
  );
}
