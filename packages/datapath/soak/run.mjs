/**
 * Builds the addon with AddressSanitizer and LeakSanitizer and lets it open, shake hands, send and close for a while, at
 * random moments. Usage: npm run soak -w @efir/datapath [-- seconds]. Fails on any report that has the addon in its stack.
 * Needs GCC or Clang with libasan.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const seconds = process.argv[2] ?? '60';
const native = fileURLToPath(new URL('../native/', import.meta.url));
const build = fileURLToPath(new URL('../build/soak/', import.meta.url));
const addon = `${build}efir_datapath.node`;
const compiler = process.env.CXX ?? 'c++';

/** Where node-gyp had Node's headers from. */
function headers() {
  const config = readFileSync(new URL('../build/config.gypi', import.meta.url), 'utf8');
  const { variables } = JSON.parse(config.replace(/^#.*$/gm, ''));
  return `${variables.nodedir}/include/node`;
}

function compile() {
  mkdirSync(build, { recursive: true });
  const flags = `-std=c++17 -O1 -g -fPIC -fno-omit-frame-pointer -fno-exceptions -fno-rtti -fsanitize=address,undefined
    -fno-sanitize=vptr -fno-sanitize-recover=undefined -DNAPI_VERSION=8 -DOPENSSL_SUPPRESS_DEPRECATED
    -DNODE_GYP_MODULE_NAME=efir_datapath -DBUILDING_NODE_EXTENSION -I${headers()}`.split(/\s+/);
  const newestHeader = Math.max(
    ...readdirSync(native)
      .filter((name) => name.endsWith('.h'))
      .map((name) => statSync(native + name).mtimeMs),
  );
  const objects = [];
  for (const name of readdirSync(native).filter((file) => file.endsWith('.cc'))) {
    const object = build + name.replace(/cc$/, 'o');
    objects.push(object);
    const made = statSync(object, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (made > newestHeader && made > statSync(native + name).mtimeMs) continue;
    console.log(`compiling ${name}`);
    execFileSync(compiler, [...flags, '-c', native + name, '-o', object], { stdio: 'inherit' });
  }
  execFileSync(compiler, ['-shared', '-fsanitize=address,undefined', '-o', addon, ...objects], { stdio: 'inherit' });
}

function library(name) {
  return execFileSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
}

function run() {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./loop.mjs', import.meta.url)), seconds], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: {
      ...process.env,
      EFIR_DATAPATH_ADDON: addon,
      LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')}`,
      // Node's own code has no frame pointers, hence the slow unwinder: leaks of OpenSSL's must be told by who called it.
      ASAN_OPTIONS: 'detect_leaks=1:fast_unwind_on_malloc=0:malloc_context_size=25:exitcode=0:detect_odr_violation=0',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    },
  });
  let report = '';
  child.stderr.on('data', (chunk) => {
    report += chunk;
  });
  child.on('close', (code) => {
    // Node itself leaves much behind at exit; ours has the addon in its stack. OpenSSL keeps an error queue and random
    // generators for each thread, and the pool's threads never end.
    const kept = /ossl_err_get_state_int|rand_new_drbg|RAND_get0_p|ERR_vset_error|ossl_init_thread/;
    const findings = report
      .split(/\n\s*\n/)
      .filter((block) => /leak of/.test(block) && block.includes('efir::') && !kept.test(block));
    const fatal = /ERROR: AddressSanitizer|runtime error/.test(report);
    if (code !== 0 || fatal || findings.length > 0) {
      console.error(fatal || code !== 0 ? report.slice(0, 20_000) : findings.join('\n\n').slice(0, 20_000));
      console.error(`soak: exit code ${code}, ${findings.length} findings`);
      process.exit(1);
    }
    console.log('soak: no findings');
  });
}

compile();
run();
