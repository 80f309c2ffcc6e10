/** What the tools that everybody has make of us: avahi, in a private network, finds the mesh and sees it go. */
import { describe, expect, it } from 'vitest'
import { need } from '../support/need.js'
import { Namespace } from './namespace.js'

const MEMBER = 'test/mesh/member.mjs'
const SERVICE = { DSERVICE_MESH: 'default', DSERVICE_SIGNALS: '1' }

describe.skipIf(!need.avahi().ok)('avahi', () => {
  it('avahi-browse - lists the mesh with its TXT, by type and by name, and sees a goodbye', async () => {
    await using lab = new Namespace()
    await lab.avahi()
    const browser = lab.start('avahi-browse', ['-rp', '_dservice._tcp'])
    const service = lab.start(process.execPath, [MEMBER, 'd1@1.2.3'], SERVICE)
    const [, address, id = ''] = /^ready \S+ (\S+) (\S+)$/.exec(await service.said(/^ready/)) ?? []

    for (const type of ['_dservice._tcp', '_d1._sub._dservice._tcp']) {
      const lines = (await lab.run('avahi-browse', '-rpt', type)).split('\n')
      const resolved = lines.filter((line) => line.startsWith('=;lo;IPv4;')).map((line) => line.split(';'))
      expect(resolved).toHaveLength(1)
      const [, , , label, , domain, host, at, port, txt = ''] = resolved[0] ?? []
      expect([label, domain, host]).toEqual([`d1-${id.slice(0, 6)}`, 'local', `d1-${id.slice(0, 6)}.local`])
      expect(`${at}:${port}`).toBe(address)
      for (const pair of ['txtvers=1', 'n=d1', 'v=1.2.3', 'p=1', 's=none', `id=${id}`])
        expect(txt).toContain(`"${pair}"`)
    }
    expect(await lab.run('avahi-browse', '-pt', '-a')).toContain(';_dservice._tcp;local')

    service.kill('SIGTERM')
    await service.ended
    await browser.said(/^-;lo;IPv4;d1-/)
    expect(await lab.run('avahi-browse', '-pt', '_dservice._tcp')).toBe('')
  })

  it('avahi-browse - a change of state is in TXT, and a service of avahi in the same type harms nobody', async () => {
    await using lab = new Namespace()
    await lab.avahi()
    const browser = lab.start('avahi-browse', ['-rp', '_dservice._tcp'])
    // n=d1 without a mesh, an id or a version: a stranger
    const stranger = lab.start('avahi-publish', ['-s', 'a stranger; "d1"', '_dservice._tcp', '4000', 'n=d1'])
    await browser.said(/^=;lo;IPv4;a\\032stranger/)
    const service = lab.start(process.execPath, [MEMBER, 'd1@1.2.3'], SERVICE)
    await service.said(/^ready/)
    await browser.said(/^=;lo;IPv4;d1-.*"f="/)
    const list = await lab.run(process.execPath, 'dist/lib/tools/cli/main.js', 'ls', '--json')
    expect(JSON.parse(list)).toMatchObject({ instances: [{ name: 'd1', version: '1.2.3' }] })
    stranger.kill('SIGTERM')
    service.kill('SIGTERM')
    await service.ended
  })
})
