// Tells what a cluster is, from its root page where that can be trusted, and from its nodes where it cannot.

import { IndexferryError } from '../foundation/errors.ts'
import { type ClusterVersion, type Flavour, formatVersion, isAtLeast } from '../model/cluster-version.ts'
import { explainAnswer } from './answer-errors.ts'
import type { Edition } from './capabilities.ts'
import type { ClusterAnswer, ClusterRequest } from './cluster.ts'
import { type RootPage, readRootPage, versionOf } from './root-page.ts'

export interface Detected {
  readonly version: ClusterVersion
  readonly edition: Edition
}

/** What this room needs of a cluster to find out what it is. */
export interface Asking {
  readonly side: 'source' | 'target'
  /** For messages. */
  readonly name: string
  /** An OpenSearch Serverless endpoint, by the user's word or its host name: it has no root page. */
  readonly serverless: boolean
  bytes(request: ClusterRequest): Promise<ClusterAnswer<Buffer>>
}

/** Serverless has no version of its own; this is what its documentation asks clients to be compatible with. */
const serverlessVersion: ClusterVersion = { flavour: 'opensearch', number: '2.17.0', major: 2, minor: 17, patch: 0 }

/** `told` is what the user says it is, which wins; the cluster is asked all the same, to see that it lets us in. */
export async function detectVersion(asking: Asking, told?: ClusterVersion): Promise<Detected> {
  if (asking.serverless) {
    // The cheapest call that it has.
    await asking.bytes({ method: 'GET', path: '/_cat/indices', retry: 'none' })
    return { version: told ?? serverlessVersion, edition: 'opensearch-serverless' }
  }
  // Some managed services and test servers have no root page (405), or only for users with cluster privileges (403).
  const { status, body } = await asking.bytes({ method: 'GET', path: '/', retry: 'none', accept: [403, 404, 405] })
  const page = status === 200 ? readRootPage(body.toString()) : undefined
  const version = told ?? (page && (await versionByPage(asking, page))) ?? (await versionByNodes(asking))
  if (!version) throw unknown(asking, status, body.toString())
  if (!told && version.flavour === 'elasticsearch' && !isAtLeast(version, 'elasticsearch', 1, 7)) {
    const sentence = `the ${asking.side} ${asking.name} is ${formatVersion(version)}, which is older than Elasticsearch 1.7`
    throw new IndexferryError('VERSION_UNSUPPORTED', sentence, { side: asking.side })
  }
  return { version, edition: await editionOf(asking, version, page) }
}

/** The version that a root page gives, unless it is one that OpenSearch pretends. */
async function versionByPage(asking: Asking, page: RootPage): Promise<ClusterVersion | undefined> {
  const { distribution } = page
  if (distribution !== undefined && distribution !== 'opensearch' && distribution !== 'elasticsearch') {
    const sentence = `the ${asking.side} ${asking.name} is ${distribution} ${page.number}, which indexferry does not know`
    throw new IndexferryError('VERSION_UNSUPPORTED', sentence, { side: asking.side })
  }
  if (distribution === 'opensearch') return versionOf('opensearch', page.number)
  if (!page.isOpenSearch) return versionOf('elasticsearch', page.number)
  // compatibility.override_main_response_version: 7.10.2 on the root page and in _cat/nodes, but not in _nodes.
  return (await versionByNodes(asking, 'opensearch')) ?? versionByLucene(page.lucene)
}

interface NodesPage {
  readonly nodes?: Readonly<
    Record<string, { readonly version?: string; readonly build_flavor?: string; readonly build?: string }>
  >
}

/** The oldest version among the nodes; undefined where the user may not see them. */
async function versionByNodes(asking: Asking, known?: Flavour): Promise<ClusterVersion | undefined> {
  const query = { filter_path: 'nodes.*.version,nodes.*.build_flavor,nodes.*.build' }
  const path = '/_nodes/http'
  const { status, body } = await asking.bytes({ method: 'GET', path, query, accept: [400, 401, 403, 404, 405] })
  const nodes = status === 200 ? Object.values(parse<NodesPage>(body)?.nodes ?? {}) : []
  const versions = nodes.flatMap(({ version, build_flavor, build }) => {
    const major = Number.parseInt(version ?? '', 10)
    // OpenSearch 1 to 3 shares its numbers with Elasticsearch 1 and 2, which say `build` where newer ones say `build_hash`.
    const flavour =
      known ?? (major >= 4 || build_flavor !== undefined || build !== undefined ? 'elasticsearch' : 'opensearch')
    return versionOf(flavour, version ?? '') ?? []
  })
  return versions.sort((a, b) => a.major - b.major || a.minor - b.minor || a.patch - b.patch)[0]
}

/** The first OpenSearch with each Lucene, for clusters that pretend and do not show their nodes: what that one can do, all can. */
const openSearchByLucene: Readonly<Record<string, string>> = {
  '8.8': '1.0.0',
  '8.9': '1.1.0',
  '8.10': '1.2.0',
  '9.1': '2.0.0',
  '9.2': '2.1.0',
  '9.3': '2.2.0',
  '9.4': '2.4.0',
  '9.5': '2.6.0',
  '9.6': '2.8.0',
  '9.7': '2.9.0',
  '9.9': '2.12.0',
  '9.10': '2.13.0',
  '9.11': '2.16.0',
  '9.12': '2.18.0',
  '10.1': '3.0.0',
  '10.2': '3.1.0',
  '10.3': '3.3.0',
}

function versionByLucene(lucene: string): ClusterVersion | undefined {
  const [major = '', minor = ''] = lucene.split('.')
  return versionOf('opensearch', openSearchByLucene[`${major}.${minor}`] ?? '')
}

async function editionOf(asking: Asking, version: ClusterVersion, page: RootPage | undefined): Promise<Edition> {
  if (page?.buildFlavor === 'serverless') return 'elasticsearch-serverless'
  // Data streams and points in time came with 7.9 and 7.10; from 7.11 on there is no package without x-pack.
  const mayLack =
    version.flavour === 'elasticsearch' && version.major === 7 && version.minor >= 9 && version.minor <= 10
  if (!mayLack || page?.buildFlavor === 'default') return 'full'
  // Without x-pack this reads as a request to an index of a forbidden name.
  const query = { categories: 'build' }
  const { status } = await asking.bytes({ method: 'GET', path: '/_xpack', query, accept: [400, 403, 404, 405] })
  return status === 200 || status === 403 ? 'full' : 'oss'
}

function unknown({ side, name }: Asking, status: number, body: string): IndexferryError {
  const subject = `${side} ${name}`
  if (status === 403) {
    // Amazon answers 403, too, to a signature that does not hold.
    const refused = explainAnswer(status, body, true)
    if (refused.code === 'CREDENTIALS_WRONG') {
      const sentence = `${subject}: the credentials are refused: GET / was answered ${status}: ${refused.reason}`
      const remedy = refused.remedy === undefined ? {} : { remedy: refused.remedy }
      return new IndexferryError('CREDENTIALS_WRONG', sentence, { side, ...remedy, fields: { status } })
    }
    const sentence = `${subject}: the user may not read the version of the cluster (GET / and GET /_nodes were answered 403)`
    return new IndexferryError('PRIVILEGE_MISSING', sentence, {
      side,
      remedy: `Grant the privilege cluster:monitor/main, or give the version with --${side}-version.`,
      fields: { status, ...saidIn(body) },
    })
  }
  const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim()
  const what = title ? `a web page ("${title}")` : 'something else'
  const sentence = `${subject}: GET / was answered ${status} with ${what}, not as Elasticsearch or OpenSearch does`
  return new IndexferryError('NOT_A_CLUSTER', sentence, { side, fields: { status } })
}

function saidIn(body: string): { errorType?: string; reason?: string } {
  const { type, reason } = parse<{ error?: { type?: unknown; reason?: unknown } }>(Buffer.from(body))?.error ?? {}
  return typeof type === 'string' && typeof reason === 'string' ? { errorType: type, reason } : {}
}

function parse<Page>(body: Buffer): Page | undefined {
  try {
    return JSON.parse(body.toString()) as Page
  } catch {
    return undefined
  }
}
