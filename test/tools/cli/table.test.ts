import { describe, expect, it } from 'vitest'
import { columnsOf, rowsOf, summaryText } from '../../../lib/tools/cli/ls-rows.js'
import { showMesh } from '../../../lib/tools/cli/ls.js'
import { PLAIN } from '../../../lib/tools/cli/style.js'
import { renderTable, type Rendered } from '../../../lib/tools/cli/table.js'
import { fakeTalk } from '../../support/cli.js'
import { edge, instance, view } from '../../support/views.js'

const mesh = view([
  instance('d1@1.10.0', { methods: ['transform', 'ping'] }),
  instance('d1@1.9.0', { methods: ['transform', 'ping'], address: '127.0.0.1:4002' }),
  instance('d1@1.9.0', { methods: ['transform', 'ping'], address: '127.0.0.1:4003' }),
  instance('billing@2.3.1', {
    state: 'waiting',
    methods: ['invoice', 'tail', 'a', 'b', 'c'],
    edges: [
      edge('d1', '^2', { met: false }),
      edge('users', '^3'),
      edge('mail', '^1', { met: false, lazy: true }),
    ],
    address: '127.0.0.1:51423',
  }),
])

const at = (width: number): Rendered =>
  renderTable(columnsOf(PLAIN), rowsOf(mesh.instances), { width, style: PLAIN })
const widest = ({ text }: Rendered): number => Math.max(...text.split('\n').map((line) => line.length))

describe('tables', () => {
  it('tables - at 120 columns everything is there', () => {
    expect(at(120).dropped).toEqual([])
    expect(at(120).text).toMatchInlineSnapshot(`
      "NAME     VERSION  INSTANCES  STATE      RELIES ON                     METHODS                  ADDRESS
      billing  2.3.1            1  ▲ waiting  d1@^2 ✗ users@^3 ✓ mail@^1 ·  invoice, tail, a, b, +1  127.0.0.1:51423
      d1       1.9.0            2  ● ready    -                             transform, ping          127.0.0.1:4002 +1
      d1       1.10.0           1  ● ready    -                             transform, ping          127.0.0.1:4001"
    `)
  })

  it('tables - at 80 and 40 columns the least important go, and are named', () => {
    expect(at(80)).toMatchInlineSnapshot(`
      {
        "dropped": [
          "METHODS",
          "ADDRESS",
        ],
        "text": "NAME     VERSION  INSTANCES  STATE      RELIES ON
      billing  2.3.1            1  ▲ waiting  d1@^2 ✗ users@^3 ✓ mail@^1 ·
      d1       1.9.0            2  ● ready    -
      d1       1.10.0           1  ● ready    -",
      }
    `)
    expect(at(40)).toMatchInlineSnapshot(`
      {
        "dropped": [
          "INSTANCES",
          "RELIES ON",
          "METHODS",
          "ADDRESS",
        ],
        "text": "NAME     VERSION  STATE
      billing  2.3.1    ▲ waiting
      d1       1.9.0    ● ready
      d1       1.10.0   ● ready",
      }
    `)
  })

  it.each([10, 20, 40, 60, 80, 100, 120])('tables - at %i columns no line is wider', (width) => {
    expect(widest(at(width))).toBeLessThanOrEqual(Math.max(width, 12))
  })

  it('tables - what is left out is said on stderr, the table alone is on stdout', () => {
    const { talk, written } = fakeTalk({}, { COLUMNS: '40' })
    showMesh({ ...mesh, unreachable: [{ name: 'x', version: '1.0.0', address: ':1', reason: 'gone' }] }, talk)
    expect(written.out).toMatch(/^NAME/)
    expect(written.out).not.toContain('narrow')
    expect(written.err).toContain('not shown, the terminal is too narrow: ')
    expect(written.err).toContain('x@1.0.0 is announced at :1, but not reachable: gone')
  })

  it('tables - a file has no edge, and --quiet no talk', () => {
    const { talk, written } = fakeTalk({ quiet: true })
    showMesh(mesh, talk)
    expect(written.out).toContain('127.0.0.1:51423')
    expect(written.err).toBe('')
  })

  it('tables - names from peers stay on their line and paint nothing', () => {
    const { talk, written } = fakeTalk()
    showMesh(view([instance('d1@1.0.0', { methods: [`a\u001b[2J\nb`] })]), talk)
    expect(written.out).toContain('a\\u001b[2J b')
    expect(written.out.trimEnd().split('\n')).toHaveLength(2)
  })

  it('tables - the summary counts services and instances', () => {
    expect(summaryText(mesh, PLAIN)).toBe('2 services, 4 instances · mesh "default" · mdns:')
  })
})
