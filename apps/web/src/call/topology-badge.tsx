import { useTopology } from '@efir/react';
import { Server, Waypoints } from 'lucide-react';
import { useTranslation } from 'react-i18next';

/** Which way picture and sound go: from one to another, or through the server. */
export function TopologyBadge() {
  const { t } = useTranslation();
  const topology = useTopology();
  if (!topology) return null;
  const Icon = topology === 'mesh' ? Waypoints : Server;
  return (
    <span className="topology-badge" title={t(`topology.${topology}Hint`)}>
      <Icon size={14} aria-hidden="true" />
      {t(`topology.${topology}`)}
    </span>
  );
}
