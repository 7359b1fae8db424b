import { ChevronDown, type LucideIcon } from 'lucide-react';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';

interface DeviceSelectProps {
  icon: LucideIcon;
  label: string;
  devices: MediaDeviceInfo[];
  value: string | undefined;
  onChange: (deviceId: string) => void;
}

/** A picker of one kind of device. Before the person has allowed any, browsers tell neither names nor ids. */
export function DeviceSelect({ icon: Icon, label, devices, value, onChange }: DeviceSelectProps) {
  const { t } = useTranslation();
  const id = useId();
  const named = devices.filter((device) => device.deviceId !== '');
  const placeholder = devices.length === 0 ? t('lobby.noDevice') : t('lobby.defaultDevice');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="select">
        <Icon size={18} aria-hidden="true" />
        <select
          id={id}
          disabled={named.length === 0}
          value={named.some(({ deviceId }) => deviceId === value) ? value : (named[0]?.deviceId ?? '')}
          onChange={(event) => onChange(event.target.value)}
        >
          {named.length === 0 && <option value="">{placeholder}</option>}
          {named.map((device, index) => (
            <option key={device.deviceId} value={device.deviceId}>
              {device.label || `${label} ${index + 1}`}
            </option>
          ))}
        </select>
        <ChevronDown className="select-arrow" size={18} aria-hidden="true" />
      </div>
    </div>
  );
}
