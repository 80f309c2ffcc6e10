import { describe, expect, it } from 'vitest'
import { parseMethod, parseService } from '../../../lib/tools/cli/target.js'

describe('targets', () => {
  it.each([
    ['d1.transform', 'd1', undefined, 'transform'],
    ['socket.io.emit', 'socket.io', undefined, 'emit'],
    ['d1@^1.2.transform', 'd1', '^1.2', 'transform'],
    ['d1@1.0.0-rc.1.x', 'd1', '1.0.0-rc.1', 'x'],
    ['@acme/img.resize', '@acme/img', undefined, 'resize'],
    ['@acme/img@>=1 <3.resize', '@acme/img', '>=1 <3', 'resize'],
    ['d1.$describe', 'd1', undefined, '$describe'],
    ['d1:users.find', 'd1', undefined, 'users.find'],
    ['d1@1.x:a.b.c', 'd1', '1.x', 'a.b.c'],
    ['socket.io:emit', 'socket.io', undefined, 'emit'],
  ])('targets - %s is method %s@%s . %s', (text, name, range, path) => {
    expect(parseMethod(text)).toEqual({ name, range, path: path.split('.') })
  })

  it.each(['d1', '', '.x', 'd1.', 'd1:', ':x', 'd1:a..b', 'D1.x', 'd1@foo.x'])(
    'targets - "%s" is refused',
    (text) => {
      expect(() => parseMethod(text)).toThrow(expect.objectContaining({ code: 'DS_INVALID' }))
    },
  )

  it('targets - a service may have a range', () => {
    expect(parseService('d1')).toEqual({ name: 'd1', range: undefined })
    expect(parseService('@acme/img@^2')).toEqual({ name: '@acme/img', range: '^2' })
  })
})
