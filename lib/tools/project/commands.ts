/** The commands about remote dependencies, as data: what a package declares, what is locked, and what runs. */
import type { CommandSpec } from '../cli/spec.js'

const CWD = ['--cwd <dir>', 'the project: the nearest package.json from there upwards'] as const

const ABSENCE = `A remote of which nothing was seen for 1 s is absent; --timeout changes that. All are looked for at once.`

const ADDED = `Without a range it is ^ and the version that was found. Of a remote that is there the contract is locked, and its types are
written. Where one is absent, nothing is written (exit code 3); with --offline it is declared alone.
${ABSENCE}`

const INSTALLED = `What is locked and fits the package.json is kept, and not looked for. A remote that is down keeps its locked types:
that is a warning. One that was never locked is exit code 3, unless it is optional or lazy.
${ABSENCE}`

const CHECKED = `Every remote is to have a live instance in range whose contract can stand for the locked one. Exit code 8: the lock does
not fit the package.json, or required dependencies lead back to this package; 1: anything else that was found.
A remote that is optional or lazy may be absent. Contracts are compared by the project's own TypeScript.
${ABSENCE}`

const DIFF = `A side is name@range, of which the highest version is asked, or a file: what publish-check --save wrote, or a
remote of a lock (dservice-lock.json#d1). The project's own TypeScript (5.8 or newer) judges: what callers of the first side
give must fit the second, and what the second answers must fit them. Exit code 1 where callers would break (major).`

const PUBLISH = `Compares with the highest lower release that is live, or with --against: what --save wrote, or dservice-lock.json#d1;
exit code 3 where there is neither. Exit code 1 where more differs than the version says: ^ decides, so that in 0.x a minor
number breaks and a patch number brings features. A prerelease counts as the release it leads to.
The contract of the version itself: of its running instance, or of the api that is the default export of --module, which is
loaded here, with the types that dservice.types of the package.json names. Name and version default to the package.json's.`

/** In the order of the help. */
export const PROJECT_COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'add <name@range...>',
    summary: 'declare remotes in package.json, lock them, write their types',
    options: [
      ['--optional', 'a service that relies on them is ready without them'],
      ['--lazy', 'looked for at the first call'],
      ['--call-timeout <duration>', 'deadline of their calls: 2s, 500ms'],
      ['--offline', 'declare them without a look at the mesh'],
      CWD,
    ],
    details: ADDED,
    examples: [
      ["dservice add 'd1@^1'", "then: import d1 from '#remote/d1'"],
      ['dservice add audit --optional --call-timeout 2s', 'in the version that runs'],
    ],
    load: () => import('./add.js'),
  },
  {
    usage: 'rm <name...>',
    summary: 'take remotes out of package.json, lock and types',
    options: [CWD],
    examples: [
      ['dservice rm d1', 'the entry of imports stays, for those to come'],
      ['dservice rm d1 audit --cwd packages/web', 'of another project'],
    ],
    load: () => import('./rm.js'),
  },
  {
    usage: 'install [name...]',
    alias: 'i',
    summary: 'lock what is missing, write the types of what is locked',
    options: [['--update [name...]', 'lock these, or all, anew'], ['--offline', 'from the lock alone'], CWD],
    details: `${INSTALLED}
Names lock these anew, as --update does.`,
    examples: [
      ['dservice install --offline', 'after a checkout: no mesh is needed'],
      ['dservice install --update d1', 'lock the version that runs now'],
    ],
    load: () => import('./install.js'),
  },
  {
    usage: 'check',
    summary: 'for CI: can what runs stand for what is locked?',
    options: [['--offline', 'only what package.json and lock tell'], CWD],
    details: CHECKED,
    examples: [
      ['dservice check --timeout 5s', 'on a slow machine'],
      ['dservice check --offline --json', 'without a mesh'],
    ],
    load: () => import('./check.js'),
  },
  {
    usage: 'outdated',
    summary: 'show remotes of which a newer version runs',
    options: [CWD],
    details: `Exit code 1 where a version that is in range and newer than the locked one runs; 0 where newer ones are out of range.
${ABSENCE}`,
    examples: [
      ['dservice outdated', 'then: dservice install --update'],
      ['dservice outdated --json', 'for scripts'],
    ],
    load: () => import('./outdated.js'),
  },
  {
    usage: 'why <name>',
    summary: 'show what needs a remote: packages, remotes, sources',
    options: [CWD],
    details: `By the lock and the sources: no mesh is needed. Exit code 3 where nothing needs it.`,
    examples: [
      ['dservice why d1', 'and where the sources use it; what .gitignore names is no source'],
      ['dservice why d0 --json', 'for scripts'],
    ],
    load: () => import('./why.js'),
  },
  {
    usage: 'types',
    summary: 'write the types of what is locked, and say where they are',
    options: [['--check', 'write nothing: exit code 1 where they do not fit the lock'], CWD],
    examples: [
      ['dservice types', ''],
      ['dservice types --check', 'for CI, where .dservice is committed'],
    ],
    load: () => import('./types.js'),
  },
  {
    usage: 'diff <before> <after>',
    summary: 'tell whether callers of one version can go on with another',
    options: [CWD],
    details: DIFF,
    examples: [
      ['dservice diff d1@1.2.0 d1@2.0.0', 'both are running: patch, minor or major, method by method'],
      ["dservice diff 'dservice-lock.json#d1' 'd1@^1'", 'what is locked, and what runs'],
    ],
    load: () => import('../project/diff.js'),
  },
  {
    usage: 'publish-check [name@version]',
    summary: 'refuse a version of a service that breaks more than its number says',
    options: [
      ['--module <file>', 'the api is the default export of this file'],
      ['--against <file>', 'compare with this contract'],
      ['--save <file>', 'write the contract, for --against'],
      CWD,
    ],
    details: PUBLISH,
    examples: [
      [
        'dservice publish-check --module ./dist/service.js',
        'before npm publish, beside the version that is live',
      ],
      ['dservice publish-check d1@1.3.0 --against contract.json', 'in CI, where only the new one runs'],
    ],
    load: () => import('../project/publish-check.js'),
  },
]
