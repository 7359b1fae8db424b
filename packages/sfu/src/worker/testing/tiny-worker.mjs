// A worker for tests of the parent's side: no media, only the control channel. `listen[0]` says how it is to behave.
const options = JSON.parse(process.argv[2]);
const mode = options.listen[0];

if (mode === 'dies at start') {
  console.error('port is taken');
  process.exit(3);
}

process.on('disconnect', () => process.exit(0));
process.on('message', ({ id, request }) => {
  switch (request.type) {
    case 'openRouter':
      return process.send({ id, reply: {} });
    case 'closeRouter':
      return process.send({ id, error: { code: 'unknown-router', message: 'there is no such router' } });
    case 'closeTransport':
      return process.kill(process.pid, 'SIGKILL');
    case 'transportStats':
      return; // never answers
    case 'shutdown':
      if (mode === 'stubborn') return;
      process.send({ id, reply: {} }, () => process.exit(0));
  }
});

if (mode !== 'silent') {
  process.send({
    notice: {
      type: 'ready',
      pid: process.pid,
      port: options.port || 4000,
      families: [4],
      fingerprint: { algorithm: 'sha-256', value: 'AA' },
    },
  });
  if (mode.startsWith('load ')) {
    process.send({ notice: { type: 'load', load: { cpu: Number(mode.slice(5)) / (options.index + 1) } } });
  }
}
console.error('first line\nsecond line');
