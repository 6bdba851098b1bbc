// What `GET /` says, in the forms of all versions and services.
import type { ClusterVersion, Flavour } from '../model/cluster-version.ts'

export interface RootPage {
  readonly number: string
  /** `opensearch`, a fork's name, or undefined on Elasticsearch and on OpenSearch that pretends to be it. */
  readonly distribution: string | undefined
  /** By its tagline, which stays when it pretends. */
  readonly isOpenSearch: boolean
  /** Elasticsearch 6.3 and newer: `default`, `oss` or `serverless`. */
  readonly buildFlavor: string | undefined
  readonly lucene: string
}

/** undefined: not a page of Elasticsearch or OpenSearch. */
export function readRootPage(text: string): RootPage | undefined {
  const page = parseObject(text)
  const version = page?.version
  if (!page || typeof version !== 'object' || version === null) return undefined
  const { number, distribution, build_flavor, lucene_version } = version as Record<string, unknown>
  const tagline = string(page.tagline)
  const known = /You Know, for Search|OpenSearch/.test(tagline) || typeof lucene_version === 'string'
  if (typeof number !== 'string' || !known) return undefined
  return {
    number,
    distribution: typeof distribution === 'string' ? distribution.toLowerCase() : undefined,
    isOpenSearch: tagline.includes('OpenSearch'),
    buildFlavor: typeof build_flavor === 'string' ? build_flavor : undefined,
    lucene: string(lucene_version),
  }
}

/** `8.0.0-SNAPSHOT` and `2.0` are versions too. */
export function versionOf(flavour: Flavour, text: string): ClusterVersion | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  if (!match) return undefined
  const [, major, minor, patch = '0'] = match
  return {
    flavour,
    number: `${major}.${minor}.${patch}`,
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
  }
}

const string = (value: unknown): string => (typeof value === 'string' ? value : '')

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
