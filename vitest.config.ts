/** How the tests run: in-process ones first, then those with real processes one after the other, then the examples. */
import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Test files that start processes or daemons. They run against dist, as a user does. */
const PROCESSES = ['test/**/*.process.test.ts', 'test/lab/**/*.test.ts']
const EXAMPLES = ['test/examples/**/*.test.ts']

/** In-process tests see the sources under the package's own name. */
const alias = [
  { find: /^dservice$/, replacement: here('lib/index.ts') },
  { find: /^dservice\/dnode$/, replacement: here('lib/dnode/index.ts') },
  { find: /^dservice\/remote$/, replacement: here('lib/remote.ts') },
  { find: /^dservice\/testing$/, replacement: here('lib/testing/index.ts') },
]

const config: ViteUserConfig = {
  test: {
    pool: 'forks',
    coverage: { provider: 'v8', include: ['lib/**/*.ts', 'services/**/*.ts'], reporter: ['text', 'html'] },
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          pool: 'forks',
          include: ['test/**/*.test.ts'],
          exclude: [...PROCESSES, ...EXAMPLES],
          // time is virtual in them: it bounds what hangs, and is no measure of a busy machine
          testTimeout: 30_000,
          hookTimeout: 30_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'processes',
          pool: 'forks',
          include: PROCESSES,
          globalSetup: ['test/support/build.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'examples',
          pool: 'forks',
          include: EXAMPLES,
          globalSetup: ['test/support/build.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
}

export default config
