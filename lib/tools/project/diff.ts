/** `dservice diff before after`: whether callers of the one can go on with the other. */
import { systemClock } from '../../base/clock.js'
import { judge } from '../../remotes/index.js'
import { withMesh } from '../cli/client.js'
import type { Input } from '../cli/input.js'
import { patient } from './look.js'
import { folderOf, settingsIn } from './place.js'
import { isFile, fromFile, sideOf, type Side } from './side.js'
import { verdictText } from './verdict.js'

export async function run(input: Input): Promise<number> {
  const { args, options, talk, host } = input
  const folder = folderOf(options['cwd'])
  const settings = patient(settingsIn({ folder }, input))
  const [first = '', second = ''] = args
  const both = (find: (word: string) => Promise<Side>): Promise<[Side, Side]> =>
    Promise.all([find(first), find(second)])
  // files alone need no mesh
  const [before, after] = await (isFile(first) && isFile(second)
    ? both((word) => fromFile(word, folder))
    : withMesh(settings, host, (mesh) => both((word) => sideOf(word, folder, mesh))))
  const verdict = await judge(before.contract, after.contract, { folder, clock: systemClock })
  if (talk.json) talk.document({ before: named(before), after: named(after), ...verdict })
  else {
    talk.note(`${before.from} ${talk.style.marks.arrow} ${after.from}`)
    talk.data(verdictText(verdict, talk.style))
  }
  return verdict.step === 'major' ? 1 : 0
}

function named({ name, version, from }: Side): object {
  return { name, version, from }
}
