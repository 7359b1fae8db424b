import { defineConfig } from 'vitest/config';

// Tests import the built packages of others and the sources of their own; `npm test` builds first.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Of a busy machine a second isn't much.
          expect: { poll: { timeout: 5_000 } },
          include: [
            'packages/*/src/**/*.test.{ts,tsx}',
            'bench/src/**/*.test.ts',
            'apps/web/src/**/*.test.{ts,tsx}',
            'scripts/**/*.test.mjs',
            'e2e/src/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/src/**/*.e2e.ts'],
          globalSetup: ['scripts/setup/browser.mjs', 'scripts/setup/turn-server.mjs'],
          fileParallelism: false,
          // Browsers, encoders and the server share the machine; a second failure is no accident.
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
