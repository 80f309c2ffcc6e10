/** The commands as data: what each is called, takes and says in its help. What they do is loaded when they run. */
import { PROJECT_COMMANDS } from '../project/commands.js'
import type { CommandSpec } from './spec.js'

const LOOK = `The look ends when nothing new came for 300 ms, or for what --timeout says.`

const LITERALS = `Arguments are JSON5 literals (5, true, null, [1,2], {a: 1}); pairs k=v are gathered into one object;
any other word is a string ('"5"' is the string 5). @file and - (stdin) hold JSON5.
The method is what follows the last dot: d1.transform, d1@^1.2.transform. A nested method follows
a colon: d1:users.find, d1@^1:users.find.`

const NAMING = `A file calls dservice(...).start() itself, or its default export is an api. Such an api is named by --name,
else by the package.json in the file's folder (where no other file of that folder is given), else by the file:
d1.js is d1. This is no supervisor: it says when a process has died, and goes on with the others.`

const REPL = `Each service is a live object under its own name; svc has them all (svc['my-svc'], svc['d1@^1']), and mesh
is the client itself. .ls and .graph look again; .help says more. A name that is not there yet is looked for.`

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    usage: 'ls [name[@range]]',
    summary: 'list the services that are there',
    details: LOOK,
    examples: [
      ['dservice ls', 'everything in the mesh'],
      ["dservice ls 'd1@^1' --json", 'only d1 in range, as JSON'],
    ],
    load: () => import('./ls.js'),
  },
  {
    usage: 'call <name.method> [args...]',
    summary: 'call a method and print its answer',
    options: [['--callback', 'the method answers through a callback in last place']],
    details: LITERALS,
    examples: [
      ['dservice call d1.transform beep', 'prints "BOOP"'],
      ["dservice call 'billing@^2.invoice' id=7 'lines=[1,2]'", 'one argument: { id: 7, lines: [1, 2] }'],
    ],
    load: () => import('./call.js'),
  },
  {
    usage: 'graph',
    summary: 'show who relies on whom, what is unmet, and cycles',
    options: [
      ['--mermaid', 'as Mermaid text'],
      ['--dot', 'as DOT, for Graphviz'],
      ['--check', 'only what is wrong: cycles, and required edges that are unmet'],
    ],
    details: LOOK,
    examples: [
      ['dservice graph --check', 'for scripts: exit code 8 at a cycle, 1 at an unmet edge, 3 at no service'],
      ['dservice graph --dot | dot -Tsvg > mesh.svg', 'a picture'],
    ],
    load: () => import('./graph.js'),
  },
  ...PROJECT_COMMANDS,
  {
    usage: 'run <file...>',
    summary: 'run services, each in a process of its own',
    options: [['--name <name[@version]>', 'the name of the one file whose default export is an api']],
    details: NAMING,
    examples: [
      ['dservice run d1.js d2.js', 'two processes; Ctrl-C stops both in order'],
      ['dservice run api.js --name d1@1.2.0', 'serve the default export as d1@1.2.0'],
    ],
    ownSignals: true,
    load: () => import('../run/run.js'),
  },
  {
    usage: 'repl',
    summary: 'explore the mesh in JavaScript',
    options: [['-e, --eval <code...>', 'evaluate, print the result, and exit']],
    details: REPL,
    examples: [
      ['dservice repl', 'services are live objects: d1.transform("beep")'],
      ['dservice repl -e \'await d1.transform("beep")\' --json', 'for scripts'],
    ],
    ownSignals: true,
    load: () => import('../repl/command.js'),
  },
  {
    usage: 'demo',
    summary: 'three processes on this machine find, call and heal each other',
    options: [['--once', 'check and exit, also on a terminal']],
    examples: [
      ['dservice demo', 'shows the mesh, then opens the REPL'],
      ['dservice demo --once', 'checks itself: exit code 0 or 1'],
    ],
    ownSignals: true,
    load: () => import('../demo/demo.js'),
  },
]
