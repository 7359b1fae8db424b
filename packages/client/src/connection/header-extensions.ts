/**
 * Layers within a stream are told apart by the dependency descriptor; browsers offer it by themselves for simulcast only, and
 * who receives AV1 without it can't be spared any layer.
 */
export function describeDependencies(transceiver: RTCRtpTransceiver): void {
  interface Extension {
    uri: string;
    direction: RTCRtpTransceiverDirection;
  }
  const those = transceiver as RTCRtpTransceiver & {
    getHeaderExtensionsToNegotiate?(): Extension[];
    setHeaderExtensionsToNegotiate?(extensions: Extension[]): void;
  };
  try {
    const extensions = those.getHeaderExtensionsToNegotiate?.();
    for (const extension of extensions ?? []) {
      if (extension.uri.includes('dependency-descriptor')) extension.direction = 'sendrecv';
    }
    if (extensions) those.setHeaderExtensionsToNegotiate?.(extensions);
  } catch {
    // VP9 says it in its payload as well.
  }
}
