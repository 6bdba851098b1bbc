// Settings of snapshot repositories: which of them are secret, where they lead, and what the rules of Amazon's regions make of them.
import { IndexferryError, registerSecret } from '../../foundation/errors.ts'
import type { JsonObject, JsonValue } from '../../model/json.ts'
import type { ObjectLocation } from '../../model/object-location.ts'

export interface RepositoryDefinition {
  readonly type: string
  readonly settings: JsonObject
}

/** `access_key_id` and `role_arn` only say who; these are what must not be seen. */
const secretName =
  /(^|[._])(access_key|secret_key|secret_access_key|session_token|secret|password|sas_token|key|token|credentials?)$/i

export const isSecretSetting = (name: string): boolean => secretName.test(name)

/** So that no error can show them. */
export function registerSecretSettings(settings: JsonObject): void {
  for (const [name, value] of Object.entries(settings)) if (isSecretSetting(name)) registerSecret(String(value))
}

export const withoutSecrets = (settings: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, isSecretSetting(name) ? '***' : value]))

/** Servers answer settings as flat texts. */
export function flatSettings(settings: JsonObject, prefix = ''): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(settings)) {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      Object.assign(flat, flatSettings(value as JsonObject, `${prefix}${name}.`))
    } else if (value !== null) flat[`${prefix}${name}`] = Array.isArray(value) ? value.join(',') : String(value)
  }
  return flat
}

export interface SettingDifference {
  readonly name: string
  readonly is: string | undefined
  readonly wanted: string | undefined
}

/** Secrets are not compared: servers do not show them. */
export function differingSettings(is: JsonObject, wanted: JsonObject): SettingDifference[] {
  const [a, b] = [flatSettings(is), flatSettings(wanted)]
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => !isSecretSetting(name)).sort()
  return names
    .filter((name) => plain(a[name]) !== plain(b[name]))
    .map((name) => ({ name, is: a[name], wanted: b[name] }))
}

/** `readonly: false` is the same as none. */
const plain = (value: string | undefined): string | undefined => (value === 'false' ? undefined : value)

/** In these regions a domain finds the bucket by the endpoint only (documents 002 and 003; Amazon's page on registering). */
const regionsByEndpoint = new Set(['ap-southeast-1', 'us-east-1'])

/**
 * What an Amazon domain, which is told by a `role_arn`, wants instead of these regions. Elsewhere, and where an endpoint is given, settings
 * stay as they are.
 */
export function withRegionRule(definition: RepositoryDefinition, note: (text: string) => void): RepositoryDefinition {
  const { region, endpoint, role_arn: role, ...others } = definition.settings
  if (definition.type !== 's3' || role === undefined || endpoint !== undefined) return definition
  if (typeof region !== 'string' || !regionsByEndpoint.has(region)) return definition
  note(`the region ${region} is written as endpoint s3.amazonaws.com, as Amazon domains want it for buckets there`)
  return { type: 's3', settings: { ...others, endpoint: 's3.amazonaws.com', role_arn: role } }
}

/** Completes "a repository of type …": what it cannot do without. */
const needed: Readonly<Record<string, readonly string[]>> = {
  fs: ['location'],
  s3: ['bucket'],
  oss: ['bucket', 'endpoint'],
  url: ['url'],
  source: ['delegate_type'],
}

export function checkDefinition({ type, settings }: RepositoryDefinition): void {
  const missing = (needed[type] ?? []).filter((name) => settings[name] === undefined)
  if (missing.length > 0) {
    throw new IndexferryError('USAGE', `a repository of type ${type} needs the setting ${missing.join(' and ')}`, {
      remedy: `Give it with --setting ${missing[0]}=… or its own option.`,
    })
  }
  const path = settings.base_path
  if (typeof path === 'string' && (path.startsWith('/') || path.includes('//'))) {
    throw new IndexferryError('USAGE', `the base path "${path}" begins with / or has an empty part`, {
      remedy:
        'Write it as my/snapshot/directory: with empty parts the objects lie elsewhere than where they are moved to.',
    })
  }
}

/** Where a repository keeps its objects, for people and to compare. */
export function placeOf({ type, settings }: RepositoryDefinition): string {
  if (type === 'fs') return trimmed(settings.location)
  if (type === 'url') return String(settings.url ?? '')
  const container = settings.bucket ?? settings.container ?? settings.uri ?? ''
  return [String(container), trimmed(settings.base_path)].filter(Boolean).join('/')
}

const trimmed = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value.replace(/\/+$/, '').replace(/^\.\//, '') : ''

/**
 * Whether a repository leads to where its objects were moved. A relative `location` lies below one of the folders in path.repo, so
 * that only its end can be compared.
 */
export function leadsTo(definition: RepositoryDefinition, moved: ObjectLocation): boolean {
  const place = placeOf(definition)
  if (moved.kind !== 'folder') return place === [moved.bucket, trimmed(moved.prefix)].filter(Boolean).join('/')
  if (definition.type !== 'fs') return false
  const folder = trimmed(moved.path)
  return place.startsWith('/') ? place === folder : folder.endsWith(`/${place}`)
}
