/** A worker and clients of it, for the benches of this folder. */
import { clientCodecs, clientExtensions } from '@efir/rtc';
import { WorkerProcess } from '@efir/sfu';

export async function startWorker() {
  const worker = await WorkerProcess.spawn({ index: 0, port: 0, listen: ['127.0.0.1'] });
  await worker.request({ type: 'openRouter', router: 'r' });
  return worker;
}

const video = { kind: 'video', codecs: clientCodecs('video', ['vp8']), extensions: clientExtensions('video') };

export const uplink = (mid, ssrc) => ({ mid, ...video, uplink: { encodings: [{ ssrc, rtxSsrc: ssrc + 1 }] } });
export const downlink = (mid, ssrc) => ({
  mid,
  ...video,
  downlink: { ssrc, rtxSsrc: ssrc + 1, cname: 'server', streamId: 's', trackId: `t${mid}` },
});

/** Joins a client of `hub`. `request`: the worker's, here or in a parent process. `data`: an address, or undefined. */
export async function join(hub, request, server, name, sections, data) {
  const peer = hub.createPeer(name);
  const localIce = { usernameFragment: `${name}ufrag`, password: 'secretsecretsecretsecret' };
  await request({
    type: 'configureTransport',
    router: 'r',
    transport: name,
    localIce,
    remoteIce: peer.localIce,
    dtlsRole: 'server',
    remoteFingerprints: [hub.fingerprint],
    sections,
    ...(data && { data: { sctpPort: 5000, maxMessageSize: 262_144, address: data } }),
  });
  const candidate = { foundation: '1', component: 1, protocol: 'udp', priority: 1, type: 'host' };
  peer.agree({
    remoteIce: localIce,
    remoteFingerprints: [server.fingerprint],
    candidates: [{ ...candidate, address: '127.0.0.1', port: server.port }],
    sections,
    ...(data && { data: { sctpPort: 5000, maxMessageSize: 262_144 } }),
  });
  await peer.connected();
  if (data) await peer.data.opened();
  return peer;
}
