// SOURCE and TARGET as they are written on the command line.
import { IndexferryError, registerSecret } from '../foundation/errors.ts'

export interface ClusterLocation {
  readonly kind: 'cluster'
  /** Base URLs without credentials and without a trailing slash: `https://host:9200`, `https://proxy/search`. */
  readonly nodes: readonly string[]
  /** Index, alias, data stream, pattern or list of them, decoded. Undefined: the location names the cluster only. */
  readonly index?: string
  readonly username?: string
  readonly password?: string
}

export interface FileLocation {
  readonly kind: 'file'
  readonly path: string
  readonly compression: 'none' | 'gzip' | 'zstd'
}

export interface StdioLocation {
  readonly kind: 'stdio'
}

export type Location = ClusterLocation | FileLocation | StdioLocation

/** `SOURCE` or `TARGET`: what the argument is called in messages. */
export type LocationRole = 'SOURCE' | 'TARGET'

const fileEnding = /\.(?:ndjson|jsonl|json)(?:\.(gz|gzip|zst|zstd))?$/i

/**
 * - `https://[user[:password]@]host[:port][,host…][/prefix…]/INDEX`: the last segment of the path is the index, those before it belong to
 *   the address of the cluster (a proxy). A path that ends in a slash names no index. A missing port is the one of the
 *   scheme (443, 80), as in every URL; 9200 has to be written.
 * - `products.ndjson.zst`, `./folder/file`, `/folder/file`, `file:///folder/file`: a file of documents.
 * - `-`: standard input or output.
 */
export function parseLocation(text: string, role: LocationRole): Location {
  if (text === '-') return { kind: 'stdio' }
  if (text.trim() === '') throw invalid(role, 'is empty')
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === 'http' || scheme === 'https') return parseClusterLocation(text, scheme, role)
  if (scheme === 'file') return parseFileUrl(text, role)
  if (scheme === 's3' || scheme === 'oss')
    throw invalid(
      role,
      `is in an object store (${scheme}://); this version copies between clusters and files and does not read snapshots`,
      'Restore the snapshot into a cluster and give its URL, or download a file of documents.',
    )
  if (scheme) throw invalid(role, `has the scheme ${scheme}://, which is none of http, https and file`)
  if (/^\.{0,2}[/\\]|^[a-z]:[/\\]/i.test(text) || fileEnding.test(text)) return fileAt(text, role)
  if (/^[^/\s]+:\d+(\/|$)/.test(text) || text === 'localhost' || text.startsWith('localhost/'))
    throw invalid(
      role,
      `has no scheme`,
      `Write https://${withoutCredentials(text)} or http://${withoutCredentials(text)}.`,
    )
  throw invalid(
    role,
    `"${withoutCredentials(text)}" is neither a URL nor the name of a file of documents`,
    'Write https://host:9200/INDEX for a cluster, or ./NAME for a file whose name does not end in .ndjson, .ndjson.gz or .ndjson.zst.',
  )
}

/** The location for people and for the catalog: no credentials. */
export function formatLocation(location: Location): string {
  if (location.kind === 'stdio') return '-'
  if (location.kind === 'file') return location.path
  // Every node has the scheme and the prefix of the first, so that the text can be parsed again.
  const [first = '', ...others] = location.nodes
  const [, scheme, host, prefix] = /^(https?:\/\/)([^/]*)(.*)$/.exec(first) ?? ['', '', first, '']
  const hosts = [host, ...others.map((node) => node.slice((scheme as string).length).replace(/\/.*$/, ''))].join(',')
  const index = location.index === undefined ? prefix && '/' : `/${encodeIndex(location.index)}`
  return `${scheme}${hosts}${prefix}${index}`
}

/** Percent-encodes what cannot stand in the path of a URL; `,` `*` and `:` stay readable. */
const encodeIndex = (index: string): string =>
  encodeURIComponent(index).replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%2B', '+')

const withoutCredentials = (text: string): string => text.replace(/^[^/]*@/, '')

function invalid(role: LocationRole, wrong: string, remedy?: string): IndexferryError {
  return new IndexferryError('LOCATION_INVALID', `${role} ${wrong}`, remedy === undefined ? {} : { remedy })
}

function fileAt(path: string, role: LocationRole): FileLocation {
  if (/[/\\]$/.test(path)) throw invalid(role, `"${path}" is a folder, not a file`)
  const ending = /\.(gz|gzip|zst|zstd)$/i.exec(path)?.[1]?.toLowerCase()
  return { kind: 'file', path, compression: ending?.startsWith('gz') ? 'gzip' : ending ? 'zstd' : 'none' }
}

function parseFileUrl(text: string, role: LocationRole): FileLocation {
  const match = /^file:\/\/(?:localhost)?(\/[^?#]*)$/i.exec(text)
  if (text.includes('#'))
    throw invalid(
      role,
      'names a snapshot (file://…#…); this version copies between clusters and files and does not read snapshots',
    )
  if (!match) throw invalid(role, `"${text}" is not of the form file:///folder/file`)
  const path = decode(match[1] as string, role)
  return fileAt(/^\/[a-z]:\//i.test(path) ? path.slice(1) : path, role)
}

function decode(text: string, role: LocationRole): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(role, 'has a % that does not begin a percent-encoded byte', 'Write % itself as %25.')
  }
}

function parseClusterLocation(text: string, scheme: string, role: LocationRole): ClusterLocation {
  const rest = joinNodes(text, scheme, role)
  // A list of indexes has commas too, so the hosts end at the first slash. Passwords may hold @, but / in them must be %2F, as in every URL.
  const slash = rest.indexOf('/')
  const authority = slash < 0 ? rest : rest.slice(0, slash)
  const path = slash < 0 ? '' : rest.slice(slash + 1)
  if (/[?#]/.test(authority) || /[?#]/.test(path))
    throw invalid(
      role,
      'has a ? or # behind the index',
      'Give queries with --query; write ? and # in names as %3F and %23.',
    )
  const at = authority.lastIndexOf('@')
  if (at < 0 && path.includes('@'))
    throw invalid(role, 'has an @ behind the first /', 'Write / in a password as %2F, and @ in an index name as %40.')
  const credentials = at < 0 ? {} : parseCredentials(authority.slice(0, at), role)
  const { prefix, index } = parsePath(path, role)
  const nodes = authority
    .slice(at + 1)
    .split(',')
    .map((host) => parseNode(host, { scheme, prefix, role }))
  return { kind: 'cluster', nodes: [...new Set(nodes)], ...credentials, ...(index === undefined ? {} : { index }) }
}

/** `https://a:9200,https://b:9200/index` as `a:9200,b:9200/index`. */
function joinNodes(text: string, scheme: string, role: LocationRole): string {
  return text.slice(text.indexOf('://') + 3).replaceAll(/,(https?):\/\//gi, (_, other: string) => {
    if (other.toLowerCase() !== scheme)
      throw invalid(role, 'has nodes with http and with https', 'All nodes of a cluster take one scheme.')
    return ','
  })
}

function parseCredentials(text: string, role: LocationRole): { username: string; password?: string } {
  const colon = text.indexOf(':')
  const username = decode(colon < 0 ? text : text.slice(0, colon), role)
  if (/[,/]/.test(text.slice(0, colon < 0 ? undefined : colon)) || username === '')
    throw invalid(
      role,
      'has credentials that are not of the form user:password@',
      'Give them once, before the first host.',
    )
  if (colon < 0) return { username }
  const written = text.slice(colon + 1)
  const password = decode(written, role)
  // A password that is the user's name, as on many a test cluster, would take the name out of every message.
  if (password !== username) {
    registerSecret(written)
    registerSecret(password)
  }
  return { username, password }
}

function parseNode(
  text: string,
  { scheme, prefix, role }: { scheme: string; prefix: string; role: LocationRole },
): string {
  const host = text.trim()
  const match = /^(\[[0-9a-f:.]+(?:%25[\w.~-]+)?\]|[^\s:@[\]/?#\\]+)(?::(\d*))?$/i.exec(host)
  if (!match) {
    if (host === '') throw invalid(role, 'has no host')
    if (/^[0-9a-f:]+:[0-9a-f:]*$/i.test(host) && host.split(':').length > 2)
      throw invalid(role, `has an IPv6 address without brackets (${host})`, `Write [${host}].`)
    throw invalid(role, `has "${host}" where a host and port should be`)
  }
  const port = match[2] === undefined || match[2] === '' ? undefined : Number(match[2])
  if (port !== undefined && (port < 1 || port > 65_535))
    throw invalid(role, `has the port ${port}, which is not between 1 and 65535`)
  const standard = scheme === 'https' ? 443 : 80
  return `${scheme}://${(match[1] as string).toLowerCase()}${port === undefined || port === standard ? '' : `:${port}`}${prefix}`
}

/** Cuts a path (without its leading slash) into the address of the cluster and the index. */
function parsePath(path: string, role: LocationRole): { prefix: string; index: string | undefined } {
  const segments = path.split('/')
  const last = segments.pop() as string
  if (segments.some((segment) => segment === '')) throw invalid(role, 'has an empty part (//) in its path')
  const prefix = segments.length === 0 ? '' : `/${segments.join('/')}`
  if (last === '') return { prefix, index: undefined }
  return { prefix, index: checkIndex(decode(last, role), role) }
}

// The characters that no version allows in a name; * and , belong to patterns, < > to date math, which is not taken either,
// because a copy that goes on tomorrow would read another index.
const forbidden = /[\s"\\/|?#<>]/

function checkIndex(index: string, role: LocationRole): string {
  const wrong = forbidden.exec(index)?.[0]
  if (wrong) throw invalid(role, `has "${wrong}" in the index name "${index}", which no index can have`)
  const parts = index.split(',')
  if (parts.some((part) => part === '' || part === '-')) throw invalid(role, `has an empty name in the list "${index}"`)
  if (parts.every((part) => part.startsWith('-'))) throw invalid(role, `leaves out indexes ("${index}") but names none`)
  for (const part of parts) {
    if (/^[_+]/.test(part) && part !== '_all')
      throw invalid(role, `has the index name "${part}", but no name begins with ${part[0]}`)
    if (role === 'TARGET' && (/[*,]/.test(index) || part === '_all'))
      throw invalid(
        role,
        `has the pattern "${index}", but a target is one index or none`,
        'Leave the index out (names stay as they are) or use --rename.',
      )
  }
  return index
}
