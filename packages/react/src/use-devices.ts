import { type DeviceLists, listDevices, watchDevices } from '@efir/client';
import { useCallback, useEffect, useState } from 'react';

const NONE: DeviceLists = { microphones: [], cameras: [], speakers: [] };

/** The devices there are, kept up to date. Call `refresh` after a permission was given: labels appear then. */
export function useDevices(): DeviceLists & { refresh: () => void } {
  const [lists, setLists] = useState(NONE);
  const refresh = useCallback(() => {
    listDevices().then(setLists, () => {});
  }, []);
  useEffect(() => {
    refresh();
    return watchDevices(refresh);
  }, [refresh]);
  return { ...lists, refresh };
}
