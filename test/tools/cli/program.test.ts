import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../lib/tools/cli/commands.js'
import { runCli } from '../../support/cli.js'
import { filesOf, importsOf, textOf } from '../../support/sources.js'

const names = COMMANDS.map(({ usage }) => usage.split(' ')[0] ?? '')
const document = (text: string): unknown => {
  expect(text.trimEnd().split('\n')).toHaveLength(1)
  return JSON.parse(text)
}

describe('the command line', () => {
  it('the command line - help names every command and every exit code', async () => {
    const { exit, out, err } = await runCli(['--help'])
    expect([exit, err]).toEqual([0, ''])
    expect(out).toMatchInlineSnapshot(`
      "Usage: dservice [options] [command]

      Services that find each other by name and version, and call each other.

      Options:
        --version                               print the version
        --json                                  one JSON document on stdout, also for errors
        --mesh <name>                           the mesh (DSERVICE_MESH)
        --engine <url>                          how services are found: mdns:, static:d1=host:port,…
                                                (DSERVICE_ENGINE)
        --timeout <duration>                    give up after: 2s, 500ms
        --no-color                              no colours (NO_COLOR)
        -q, --quiet                             no talk on stderr
        -v, --verbose                           say on stderr what the library does
        -h, --help                              show help

      Commands:
        ls [name[@range]]                       list the services that are there
        call [options] <name.method> [args...]  call a method and print its answer
        graph [options]                         show who relies on whom, what is unmet, and cycles
        add [options] <name@range...>           declare remotes in package.json, lock them, write their
                                                types
        rm [options] <name...>                  take remotes out of package.json, lock and types
        install|i [options] [name...]           lock what is missing, write the types of what is locked
        check [options]                         for CI: can what runs stand for what is locked?
        outdated [options]                      show remotes of which a newer version runs
        why [options] <name>                    show what needs a remote: packages, remotes, sources
        types [options]                         write the types of what is locked, and say where they are
        diff [options] <before> <after>         tell whether callers of one version can go on with another
        publish-check [options] [name@version]  refuse a version of a service that breaks more than its
                                                number says
        run [options] <file...>                 run services, each in a process of its own
        repl [options]                          explore the mesh in JavaScript
        demo [options]                          three processes on this machine find, call and heal each
                                                other
        help [command]                          show help for a command

      Exit codes:
          0  done
          1  the remote method threw, or a finding
          2  the command line is wrong
          3  nothing matched: no such service, version or method
          4  the deadline passed
          5  found, but not to be reached; or no engine to look with
          6  refused: draining, over a limit, no access
          7  the arguments were refused, or cannot travel
          8  required dependencies form a cycle, or the lock does not fit the package.json
        130  interrupted (SIGINT)
        143  ended by SIGTERM

      Examples:
        dservice demo
        dservice call d1.transform beep
      "
    `)
  })

  it.each(names)('the command line - help of %s has two examples and the global options', async (name) => {
    for (const argv of [
      [name, '--help'],
      [name, '-h'],
      ['help', name],
    ]) {
      const { exit, out } = await runCli(argv)
      expect(exit).toBe(0)
      expect(out.slice(out.indexOf('Examples:')).match(/^ {2}dservice /gm)).toHaveLength(2)
      expect(out).toContain('--json')
      expect(out).toContain('--timeout')
    }
  })

  it.each([
    ['call', /--callback .*callback in last place/],
    ['call', /@file and - \(stdin\) hold JSON5/],
    ['call', /method is what follows the last dot/],
    ['graph', /--mermaid[\s\S]*--dot/],
    ['run', /default export is an api[\s\S]*package\.json in the file's folder/],
    ['run', /no supervisor/],
    ['repl', /svc\['my-svc'\][\s\S]*\.ls and \.graph/],
    ['repl', /-e, --eval <code\.\.\.>/],
    ['demo', /--once/],
  ])('the command line - help of %s says %s', async (name, line) => {
    expect((await runCli([name, '--help'])).out).toMatch(line)
  })

  it('the command line - its version is the package’s', async () => {
    const { exit, out } = await runCli(['--version'])
    expect(exit).toBe(0)
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('the command line - nothing at all is a usage error that shows the help', async () => {
    const { exit, out, err } = await runCli([])
    expect([exit, out]).toEqual([2, ''])
    expect(err).toContain('Usage: dservice')
  })

  it.each([
    [['lss'], 'Did you mean ls?'],
    [['cal', 'd1.x'], 'Did you mean call?'],
    [['ls', '--jsn'], 'Did you mean --json?'],
    [['ls', 'a', 'b'], 'too many arguments'],
    [['call'], 'name.method'],
    [['rm'], 'see `dservice rm --help`'],
    [['--nonsense'], 'see `dservice --help`'],
    [['call', 'd1'], 'names no method'],
    [['call', 'D1.x'], 'no service name'],
    [['call', 'd1.x', '{'], 'no JSON'],
    [['ls', 'd1@what'], 'no semver range'],
    [['ls', '--timeout', 'soon'], 'no duration'],
    [['ls', '--mesh', 'A B'], 'no mesh name'],
    [['ls', '--engine', 'carrier-pigeon:'], 'no engine'],
    [['graph', '--dot', '--mermaid'], 'more than one format'],
    [['run', 'no/such/file.js'], 'is no file'],
    [['run', 'a.js', 'b.js', '--name', 'x'], '--name names one file'],
    [['run', 'a.js', '--name', 'X Y'], 'no service name'],
  ])('the command line - %j ends with 2 and says why, in both formats', async (argv, why) => {
    const text = await runCli(argv)
    expect([text.exit, text.out]).toEqual([2, ''])
    expect(text.err).toContain(why)
    const json = await runCli([...argv, '--json'])
    expect([json.exit, json.err]).toEqual([2, ''])
    expect(document(json.out)).toMatchObject({ v: 1, error: { code: 'DS_INVALID', exit: 2 } })
    expect(json.out).toContain(why)
  })

  it('the command line - what is after -- is an argument, also where it looks like a flag', async () => {
    const { exit, err } = await runCli(['call', 'd1', '--', '--json'])
    expect(exit).toBe(2)
    expect(err).toContain('names no method')
    expect((await runCli(['lss', '--', '--json'])).out).toBe('')
  })

  it('the command line - an empty mesh is exit code 3, in both formats', async () => {
    for (const argv of [['ls'], ['ls', 'd1'], ['graph'], ['call', 'd1.x']]) {
      const common = ['--engine', 'memory:', '--timeout', '1ms']
      const text = await runCli([...argv, ...common])
      expect([text.exit, text.out]).toEqual([3, ''])
      const json = await runCli([...argv, ...common, '--json'])
      expect(json.exit).toBe(3)
      expect(document(json.out)).toMatchObject({ v: 1, error: { code: 'DS_NO_INSTANCE', exit: 3 } })
    }
  })

  it('the command line - help loads neither the mesh nor any command', () => {
    const reached = new Set<string>()
    const visit = (file: string): void => {
      if (reached.has(file)) return
      reached.add(file)
      if (!file.startsWith('lib/')) return
      const code = textOf(file).replace(/import type [^;]*? from '[^']+'/g, '')
      for (const { to, isLazy } of importsOf(file, code)) if (!isLazy) visit(to)
    }
    visit('lib/tools/cli/main.ts')
    expect([...reached].filter((file) => !/^(node:|lib\/base\/)/.test(file)).toSorted())
      .toMatchInlineSnapshot(`
        [
          "commander",
          "lib/tools/cli/commands.ts",
          "lib/tools/cli/exit.ts",
          "lib/tools/cli/failure.ts",
          "lib/tools/cli/main.ts",
          "lib/tools/cli/package-version.ts",
          "lib/tools/cli/program.ts",
          "lib/tools/cli/style.ts",
          "lib/tools/cli/talk.ts",
          "lib/tools/cli/text.ts",
          "lib/tools/project/commands.ts",
          "picocolors",
        ]
      `)
  })

  it('the command line - only the program knows the list of commands, which knows them all', () => {
    const tools = filesOf('lib/tools').flatMap((file) => importsOf(file, textOf(file)))
    const users = tools.filter(({ to }) => to === 'lib/tools/cli/commands.ts').map(({ from }) => from)
    expect(users).toEqual(['lib/tools/cli/program.ts'])
  })
})
