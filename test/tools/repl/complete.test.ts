import { describe, expect, it } from 'vitest'
import { complete, isIdentifier } from '../../../lib/tools/repl/complete.js'

const services = {
  names: ['d1', 'd2', 'my-svc', '@acme/img'],
  methods: (name: string): string[] => (name === 'd1' ? ['transform', 'ping', 'users.find'] : ['other']),
}

describe('completion', () => {
  it.each<[string, string[], string]>([
    ['d1.tr', ['d1.transform'], 'd1.tr'],
    ['await d1.', ['d1.transform', 'd1.ping', 'd1.users.find'], 'd1.'],
    ['f(d1.p', ['d1.ping'], 'd1.p'],
    ['x = [d1.users.', ['d1.users.find'], 'd1.users.'],
    ['svc.d1.tr', ['svc.d1.transform'], 'svc.d1.tr'],
    ['svc.d', ['svc.d1', 'svc.d2'], 'svc.d'],
    ['svc.', ['svc.d1', 'svc.d2'], 'svc.'],
    ["svc['my", ["svc['my-svc']"], "svc['my"],
    ['svc["', ['svc["d1"]', 'svc["d2"]', 'svc["my-svc"]', 'svc["@acme/img"]'], 'svc["'],
    ["svc['my-svc'].", ["svc['my-svc'].other"], "svc['my-svc']."],
    ["svc['d1@^1'].pi", ["svc['d1@^1'].ping"], "svc['d1@^1'].pi"],
  ])('completion - %s offers services and methods', (line, hits, part) => {
    expect(complete(line, services)).toEqual([hits, part])
  })

  it.each(['', 'd', 'console.lo', 'x.d1.tr', 'f().d1.tr', 'd1', 'd3.x', '"d1"', 'd1.transform('])(
    'completion - "%s" is left to Node',
    (line) => {
      expect(complete(line, services)).toBeNull()
    },
  )

  it('completion - a name with control characters is not offered', () => {
    const hostile = { names: ['d1'], methods: () => ['ok', 'a\u009b31m', 'b\nc', 'd\u202e'] }
    expect(complete('d1.', hostile)).toEqual([['d1.ok'], 'd1.'])
  })

  it('completion - only an identifier can be a global', () => {
    expect(['d1', '$a_1', 'my-svc', '@a/b', '1a', ''].map(isIdentifier)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })
})
