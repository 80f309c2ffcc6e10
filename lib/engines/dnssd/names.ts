/** The DNS names of the mesh: which labels stand for which service, instance and host. */
import { createHash } from 'node:crypto'

/** The one service type: `avahi-browse -r _dservice._tcp` shows every mesh on the link. */
export const SERVICE_TYPE = '_dservice._tcp.local'
/** RFC 6763 section 9: who asks for this is told which types there are. */
export const META_TYPE = '_services._dns-sd._udp.local'

/** Room for `-` + six characters of the id + `-2` within a label's 63 bytes. */
const SLUG = 48
const ID_PART = 6

/** A name as it is compared: DNS ignores the case of ASCII letters, and of no others (RFC 6762 section 16). */
export function fold(name: string): string {
  return /[A-Z]/.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name
}

/** A service's name as a DNS label can have it: `@acme/img.v2` becomes `acme-img-v2`. Two names may share a slug; TXT tells them apart. */
export function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG)
    .replace(/^-+|-+$/g, '')
  return slug === '' ? hash(name) : slug
}

/** The question that instances of `name` alone answer (RFC 6763 section 7.1); for '*' the one that all answer. */
export function questionFor(name: string): string {
  return name === '*' ? SERVICE_TYPE : `_${slugOf(name)}._sub.${SERVICE_TYPE}`
}

/** The label of one start, `d1-7f3kq2`; after a conflict `d1-7f3kq2-2`, `-3`, … It names records, never an identity. */
export function labelOf(name: string, id: string, attempt: number): string {
  const part = id.replace(/[^a-z0-9]/g, '').slice(0, ID_PART) || hash(id).slice(0, ID_PART)
  return attempt === 1 ? `${slugOf(name)}-${part}` : `${slugOf(name)}-${part}-${attempt}`
}

/** `<label>._dservice._tcp.local` */
export function instanceName(label: string): string {
  return `${label}.${SERVICE_TYPE}`
}

/** `<label>.local`: never the machine's own name, for which another responder may answer with addresses of its own. */
export function hostName(label: string): string {
  return `${label}.local`
}

/** Whether this names an instance of ours: exactly one label before the type. */
export function isInstanceName(name: string): boolean {
  const at = name.indexOf('.')
  return at > 0 && at < 64 && fold(name.slice(at + 1)) === SERVICE_TYPE
}

/** Whether this names a host on the link: exactly one label before `local`. */
export function isHostName(name: string): boolean {
  const at = name.indexOf('.')
  return at > 0 && at < 64 && fold(name.slice(at + 1)) === 'local'
}

/** What stands for a mesh in TXT: eight characters, so that a long name costs nothing. No secret. */
export function meshTag(mesh: string): string {
  return hash(mesh).slice(0, 8)
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 20)
}
