// SOURCE and TARGET of `indexferry object …`: a bucket with a base path, or a folder.
import { IndexferryError } from '../foundation/errors.ts'
import type { LocationRole } from './location.ts'

export interface BucketLocation {
  /** `oss` is Alibaba Cloud OSS; every other service with the S3 interface is `s3`. */
  readonly kind: 's3' | 'oss'
  readonly bucket: string
  /** What every key begins with: empty, or a base path with its `/` at the end. */
  readonly prefix: string
  /** Scheme, host and port, without a bucket. Undefined: the vendor's own for the region. */
  readonly endpoint?: string
  readonly region?: string
}

export interface FolderLocation {
  readonly kind: 'folder'
  readonly path: string
  readonly prefix: string
}

export type ObjectLocation = BucketLocation | FolderLocation

const forms = 'Write s3://bucket/base/path?endpoint=URL&region=REGION, oss://bucket/base/path, or file:///folder.'

function invalid(role: LocationRole, wrong: string, remedy = forms): IndexferryError {
  return new IndexferryError('LOCATION_INVALID', `${role} ${wrong}`, { remedy })
}

/**
 * - `s3://bucket/base/path?endpoint=https://minio:9000&region=eu-central-1`
 * - `oss://bucket/base/path?region=cn-hangzhou`
 * - `file:///folder`, `/folder`, `./folder`
 *
 * Parts are percent-decoded, as in every URL: a `/` that belongs to a name is `%2F`, a `?` is `%3F`.
 */
export function parseObjectLocation(text: string, role: LocationRole): ObjectLocation {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === 's3' || scheme === 'oss') return parseBucket(text, scheme, role)
  if (scheme === 'file') {
    const match = /^file:\/\/(?:localhost)?(\/[^?#]*)$/i.exec(text)
    if (!match) throw invalid(role, `"${text}" is not of the form file:///folder`)
    return { kind: 'folder', path: decode(match[1] as string, role), prefix: '' }
  }
  if (scheme === undefined && /^\.{0,2}[/\\]|^[a-z]:[/\\]|^\.{1,2}$/i.test(text))
    return { kind: 'folder', path: text, prefix: '' }
  throw invalid(role, `"${text.replace(/^[^/]*@/, '')}" is neither a bucket nor a folder`)
}

/** The location for people and for the journal. It can be parsed again. */
export function formatObjectLocation(location: ObjectLocation): string {
  if (location.kind === 'folder') return `file://${encodeURI(location.path)}`
  const { kind, bucket, prefix, endpoint, region } = location
  const query = [endpoint && `endpoint=${endpoint}`, region && `region=${region}`].filter(Boolean).join('&')
  const path = prefix.replace(/\/$/, '').split('/').map(encodeURIComponent).join('/')
  return `${kind}://${bucket}${path && `/${path}`}${query && `?${query}`}`
}

function parseBucket(text: string, kind: 's3' | 'oss', role: LocationRole): BucketLocation {
  const rest = text.slice(text.indexOf('://') + 3)
  const mark = rest.indexOf('?')
  const [address, query] = mark < 0 ? [rest, ''] : [rest.slice(0, mark), rest.slice(mark + 1)]
  if (address.includes('#'))
    throw invalid(role, `"${address}" has a #`, 'Write a # that belongs to the base path as %23.')
  const slash = address.indexOf('/')
  const bucket = slash < 0 ? address : address.slice(0, slash)
  if (bucket.includes('@'))
    throw invalid(
      role,
      'has credentials in its address',
      'Give them by the environment: AWS_ACCESS_KEY_ID, OSS_ACCESS_KEY_ID or those of one side, see docs/object-stores.md.',
    )
  if (bucket.startsWith('arn:'))
    throw invalid(
      role,
      `has an ARN where a bucket should be`,
      'Write the name of the bucket, the last part of its ARN; for an access point its alias, which is shown with it and ends with -s3alias.',
    )
  if (!/^[a-z0-9][a-z0-9._-]{1,253}$/i.test(bucket)) throw invalid(role, `has "${bucket}" where a bucket should be`)
  const base = slash < 0 ? '' : address.slice(slash + 1).replace(/\/$/, '')
  return { kind, bucket, prefix: basePath(base, role), ...parseQuery(query, role) }
}

/**
 * An empty part makes keys with a leading or double slash, which consoles show as a folder without a name and from which
 * no cluster restores: nearly always a slip, so it has to be said on purpose.
 */
function basePath(base: string, role: LocationRole): string {
  if (base === '') return ''
  if (base.split('/').includes(''))
    throw invalid(
      role,
      `has an empty part (//) in its base path "${base}"`,
      'Take one slash out; write a slash that really belongs to the name as %2F.',
    )
  return `${decode(base, role)}/`
}

function parseQuery(query: string, role: LocationRole): { endpoint?: string; region?: string } {
  const found: { endpoint?: string; region?: string } = {}
  for (const part of query.split('&').filter(Boolean)) {
    const [name = '', ...value] = part.split('=')
    const text = decode(value.join('='), role)
    if (name === 'endpoint') found.endpoint = parseEndpoint(text, role)
    else if (name === 'region') found.region = text
    else
      throw invalid(
        role,
        `has the parameter "${name}", which is neither endpoint nor region`,
        'Write a ? that belongs to the base path as %3F; everything else is an option.',
      )
  }
  return found
}

export function parseEndpoint(text: string, role: LocationRole): string {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw invalid(
      role,
      `has the endpoint "${text.replace(/\/\/[^/]*@/, '//')}", which is not a URL like https://host:9000`,
    )
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`
}

function decode(text: string, role: LocationRole): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid(role, 'has a % that does not begin a percent-encoded byte', 'Write % itself as %25.')
  }
}
