// Reads local_job.cfg (or job.cfg) of Alibaba's ossimport: the same migration without the Java tool. An object srcPrefix + REST goes to
// destPrefix + REST, as there.
import { readFileSync } from 'node:fs'
import { IndexferryError, registerSecret } from '../foundation/errors.ts'
import type { LocationRole } from '../model/location.ts'
import { type ObjectLocation, parseEndpoint } from '../model/object-location.ts'
import type { AuditLevel } from './audit-objects.ts'
import type { StoreSettings } from './store-settings.ts'

export interface OssimportSide {
  readonly location: ObjectLocation
  readonly settings: Pick<StoreSettings, 'accessKeyId' | 'secretAccessKey'>
}

export interface OssimportJob {
  readonly action: 'copy' | 'audit'
  readonly source: OssimportSide
  readonly target: OssimportSide
  readonly skipExisting: boolean
  readonly sinceMs: number | undefined
  readonly level: AuditLevel | undefined
  /** What of the file is not followed, one sentence each. */
  readonly notes: readonly string[]
}

const sideKeys = ['Type', 'AccessKey', 'SecretKey', 'Domain', 'Bucket', 'Prefix']
const used = new Set([
  'jobType',
  ...sideKeys.flatMap((key) => [`src${key}`, `dest${key}`]),
  'isSkipExistFile',
  'importSince',
  'auditMode',
])
/** How ossimport spreads its work, which is done in another way here. */
const withoutMeaning = new Set([
  'jobName',
  'incrementalModeInterval',
  'taskObjectCountLimit',
  'taskObjectSizeLimit',
  'scanThreadCount',
  'maxMultiThreadScanDepth',
])
const levels: Readonly<Record<string, AuditLevel>> = {
  simple: 'simple',
  general: 'general',
  detail: 'detailed',
  detailed: 'detailed',
}

export function readOssimportJob(file: string): OssimportJob {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw invalid(file, `cannot be read: ${(error as Error).message}`)
  }
  return parseOssimportJob(text, file)
}

export function parseOssimportJob(text: string, file: string): OssimportJob {
  const values = readProperties(text, file)
  const value = (key: string) => values.get(key) || undefined
  const jobType = value('jobType') ?? 'import'
  if (jobType !== 'import' && jobType !== 'audit')
    throw invalid(file, `has jobType=${jobType}, neither import nor audit`)
  if (isTrue(value('isIncremental'), 'isIncremental', file))
    throw invalid(
      file,
      'has isIncremental=true, but a move of objects ends',
      'Set it to false and start the same command again for each increment; with isSkipExistFile=true only what is new is moved.',
    )
  const since = value('importSince') ?? '0'
  if (!/^\d+$/.test(since)) throw invalid(file, `has importSince=${since}, which is not a number of seconds since 1970`)
  const auditMode = value('auditMode')
  if (auditMode !== undefined && !levels[auditMode])
    throw invalid(file, `has auditMode=${auditMode}, none of ${Object.keys(levels).join(', ')}`)
  return {
    action: jobType === 'audit' ? 'audit' : 'copy',
    source: readSide('src', 's3', 'SOURCE', values, file),
    target: readSide('dest', 'oss', 'TARGET', values, file),
    skipExisting: jobType === 'import' && isTrue(value('isSkipExistFile'), 'isSkipExistFile', file),
    sinceMs: Number(since) === 0 ? undefined : Number(since) * 1000,
    level: auditMode === undefined ? undefined : levels[auditMode],
    notes: notesOn(values),
  }
}

/** `key=value` lines; `#` begins a comment line, quotes around a value are not part of it. */
function readProperties(text: string, file: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const [row, written] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = written.trim()
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue
    const cut = line.indexOf('=')
    if (cut <= 0) throw invalid(file, `has no key=value in line ${row + 1}`)
    const value = line.slice(cut + 1).trim()
    values.set(line.slice(0, cut).trim(), value.replace(/^(["'])(.*)\1$/, '$2'))
  }
  return values
}

function notesOn(values: ReadonlyMap<string, string>): string[] {
  const keys = [...values.keys()]
  const unknown = keys.filter((key) => !used.has(key) && !withoutMeaning.has(key) && key !== 'isIncremental')
  const ignored = keys.filter((key) => withoutMeaning.has(key))
  return [
    ...(unknown.length > 0
      ? [`the job has keys that are not understood and have no effect: ${unknown.join(', ')}`]
      : []),
    ...(ignored.length > 0 ? [`without meaning here: ${ignored.join(', ')}`] : []),
  ]
}

function isTrue(value: string | undefined, key: string, file: string): boolean {
  if (value === undefined || /^false$/i.test(value)) return false
  if (/^true$/i.test(value)) return true
  throw invalid(file, `has ${key}=${value}, neither true nor false`)
}

function readSide(
  side: 'src' | 'dest',
  byDefault: string,
  role: LocationRole,
  values: ReadonlyMap<string, string>,
  file: string,
): OssimportSide {
  const value = (key: string) => values.get(side + key) || undefined
  const kind = value('Type') ?? byDefault
  const prefix = value('Prefix') ?? ''
  if (kind === 'local') {
    if (prefix === '') throw invalid(file, `has no ${side}Prefix, which names the folder`)
    return { location: { kind: 'folder', path: prefix, prefix: '' }, settings: {} }
  }
  if (kind !== 's3' && kind !== 'oss')
    throw invalid(
      file,
      `has ${side}Type=${kind}, which is none of s3, oss and local`,
      'Services with an S3 interface go as s3 with their endpoint as the domain.',
    )
  const bucket = value('Bucket')
  if (bucket === undefined) throw invalid(file, `has no ${side}Bucket`)
  // Such names are what the document's FAQ is about: OSS takes none that begins with a slash.
  if (prefix.startsWith('/') && kind === 'oss')
    throw invalid(file, `has ${side}Prefix=${prefix}, but no name in OSS begins with a slash`, 'Take the slash out.')
  const accessKeyId = value('AccessKey')
  const secretAccessKey = value('SecretKey')
  registerSecret(secretAccessKey)
  const domain = value('Domain')
  return {
    location: { kind, bucket, prefix, ...(domain === undefined ? {} : { endpoint: parseEndpoint(domain, role) }) },
    settings: {
      ...(accessKeyId === undefined ? {} : { accessKeyId }),
      ...(secretAccessKey === undefined ? {} : { secretAccessKey }),
    },
  }
}

function invalid(file: string, wrong: string, remedy?: string): IndexferryError {
  return new IndexferryError(
    'CONFIG_INVALID',
    `the ossimport job ${file} ${wrong}`,
    remedy === undefined ? {} : { remedy },
  )
}
