/** Instance ids: unique per start, readable, safe in DNS labels. */
import type { Clock } from './clock.js'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const LENGTH = 26

/** 26 characters of base32: 130 bits of chance. They tell instances apart; they are no secret. */
export function newId(clock: Clock): string {
  let id = ''
  for (let i = 0; i < LENGTH; i++) id += ALPHABET[Math.floor(clock.random() * ALPHABET.length)]
  return id
}
