// What the cluster behind the gateway is: for the first line that a user reads, and for the headers of answers of our own.
import { type CollectedAnswer, collectAnswer } from '../../cluster/collect-answer.ts'
import type { Passage } from '../../cluster/passage.ts'
import { readRootPage } from '../../cluster/root-page.ts'
import { type FamilyHeaders, usualHeaders } from './render-answer.ts'

export interface Introduction {
  /** Such as `products (OpenSearch 2.19.4)`. */
  readonly text: string
  readonly family: FamilyHeaders
  /** Of the answer to `GET /`. */
  readonly status: number
}

const answerBytesMax = 1024 * 1024

/** Throws when no answer comes. */
export async function introduceCluster(passage: Passage, signal?: AbortSignal): Promise<Introduction> {
  const request = { method: 'GET', url: '/', headers: ['accept', 'application/json'], body: undefined }
  const answer = await collectAnswer(passage, request, {
    as: 'own',
    bytesMax: answerBytesMax,
    ...(signal ? { signal } : {}),
  })
  return { text: textOf(answer), family: familyOf(answer), status: answer.status }
}

function textOf({ status, body }: CollectedAnswer): string {
  const page = status === 200 ? readRootPage(body.toString()) : undefined
  if (!page) {
    if (status === 401 || status === 403) return `a cluster that shows itself only to its users (${status})`
    return `something that answers GET / with ${status}, not as Elasticsearch or OpenSearch does`
  }
  const { cluster_name: name } = JSON.parse(body.toString()) as { cluster_name?: unknown }
  const flavour = page.isOpenSearch || page.distribution === 'opensearch' ? 'OpenSearch' : 'Elasticsearch'
  // OpenSearch that pretends to be Elasticsearch 7.10.2 gives no other number here.
  const version = page.isOpenSearch && page.distribution === undefined ? '' : ` ${page.number}`
  return `${typeof name === 'string' ? name : 'a cluster without a name'} (${flavour}${version})`
}

/** Elasticsearch 7.14 and newer name themselves in every answer, and so does OpenSearch 3; their clients look for it. */
function familyOf({ headers }: CollectedAnswer): FamilyHeaders {
  const fixed: Record<string, string> = {}
  for (const name of ['x-elastic-product', 'x-opensearch-version']) {
    const value = headers[name]
    if (typeof value === 'string') fixed[name] = value
  }
  const type = headers['content-type'] ?? ''
  return { json: type.startsWith('application/json') ? type : usualHeaders.json, fixed }
}
